// A component whose styles are missing looks broken, and nothing else says so.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const components = new URL("../node_modules/@mantine/core/esm/components/", import.meta.url);
const styles = new URL("../node_modules/@mantine/core/styles/", import.meta.url);

it("mantine.css has the styles of every component that is used", () => {
  const listed = read("./mantine.css");
  const used = new Set<string>();
  for (const file of readdirSync(new URL(".", import.meta.url), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".tsx")) continue;
    for (const [, names = ""] of read(`./${file}`).matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)) {
      for (const name of names.split(",")) used.add(name.trim());
    }
  }
  // What a component draws by others of the library.
  for (const name of used) {
    const folder = new URL(`${name}/`, components);
    if (name === "" || !existsSync(folder)) continue;
    for (const file of readdirSync(folder).filter((file) => file.endsWith(".mjs"))) {
      const text = readFileSync(new URL(file, folder), "utf8");
      // Others draw the chevron of an accordion, which needs no style.
      for (const [, inner = ""] of text.matchAll(/from "\.\.\/(?!Accordion\/)(\w+)\//g)) used.add(inner);
    }
  }
  const styled = [...used].filter((name) => name !== "" && existsSync(new URL(`${name}.css`, styles)));
  expect(styled.length).toBeGreaterThan(20);
  expect(styled.filter((name) => !listed.includes(`/styles/${name}.css"`))).toEqual([]);
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import ru from "./ru.json";

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, prefix = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string"
      ? [[prefix + key, value] as [string, string]]
      : leaves(value, `${prefix}${key}.`),
  );
}

const PLURAL = /_(zero|one|two|few|many|other)$/;
const english = new Map(leaves(en));
const russian = new Map(leaves(ru));
const stems = (texts: Map<string, string>) =>
  new Set([...texts.keys()].map((key) => key.replace(PLURAL, "")));
const placeholders = (text: string) =>
  (text.match(/\{\{\s*\w+/g) ?? []).map((found) => found.slice(2).trim());

describe("the languages", () => {
  it("have the same keys", () => {
    const [left, right] = [stems(english), stems(russian)];
    expect([...left].filter((key) => !right.has(key))).toEqual([]);
    expect([...right].filter((key) => !left.has(key))).toEqual([]);
  });

  it.each([
    ["en", english],
    ["ru", russian],
  ] as const)("%s has every plural form of each counted text", (language, texts) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const counted = [...stems(texts)].filter((stem) => texts.has(`${stem}_other`));
    const missing = counted
      .flatMap((stem) => forms.map((form) => `${stem}_${form}`))
      .filter((key) => !texts.has(key));
    expect(missing).toEqual([]);
    expect(counted.length).toBeGreaterThan(1);
  });

  it("use the same placeholders", () => {
    const different = [...english].filter(([key, text]) => {
      const other = russian.get(key) ?? russian.get(key.replace(PLURAL, "_many"));
      const names = (of: string) => [...new Set(placeholders(of))].sort().join();
      // "one" may leave out the number.
      return other !== undefined && !key.endsWith("_one") && names(other) !== names(text);
    });
    expect(different.map(([key]) => key)).toEqual([]);
  });

  it("have no empty text", () => {
    expect([...english, ...russian].filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});

const { schemas } = JSON.parse(
  readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8"),
).components;

describe.each([
  ["problem", "problems", schemas.ProblemCode.enum as string[]],
  ["field", "fields", schemas.FieldCode.enum as string[]],
])("every %s code", (_name, section, codes) => {
  it.each([
    ["en", english],
    ["ru", russian],
  ] as const)("has a text in %s", (_language, texts) => {
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !texts.has(`${section}.${code}`))).toEqual([]);
  });
});

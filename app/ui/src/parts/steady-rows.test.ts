import { expect, it } from "vitest";
import { inPlace } from "./steady-rows";

const rows = (ids: string, read = 1) => [...ids].map((id) => ({ id, read }));
const ids = (of: readonly { id: string }[]) => of.map(({ id }) => id).join("");

it("keeps every row in its place while rows come and go around it", () => {
  expect(ids(inPlace(rows("abc"), rows("xabc")))).toBe("abc");
  expect(ids(inPlace(rows("abc"), rows("ac")))).toBe("abc");
  expect(ids(inPlace(rows("abc"), rows("axc")))).toBe("abc");
});

it("shows what was read of the rows, and the rows of the next page", () => {
  expect(inPlace(rows("ab"), rows("xabcd", 2))).toEqual(rows("abcd", 2));
});

it("keeps the identity of the rows that have not changed", () => {
  const shown = rows("abc");
  expect(inPlace(shown, shown.slice(0, 1))[0]).toBe(shown[0]);
});

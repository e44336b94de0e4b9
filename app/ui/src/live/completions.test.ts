import { expect, it } from "vitest";
import type { Task } from "../api/queries";
import { keepInPlace } from "./keep-in-place";

const tasks = (ids: string) => [...ids].map((id) => ({ id }) as Task);
const ids = (rows: readonly Task[]) => rows.map(({ id }) => id).join("");

it("keeps a completed task in its place when the list is read again", () => {
  expect(ids(keepInPlace(tasks("abcd"), tasks("acd"), (id) => id === "b"))).toBe("abcd");
  expect(ids(keepInPlace(tasks("abcd"), tasks("bcd"), (id) => id === "a"))).toBe("abcd");
  expect(ids(keepInPlace(tasks("abcd"), tasks("ab"), (id) => id === "c"))).toBe("abc");
});

it("removes a task that went for another reason, and shows a new one where it belongs", () => {
  expect(ids(keepInPlace(tasks("abc"), tasks("xac"), () => false))).toBe("xac");
  expect(ids(keepInPlace(tasks("abc"), tasks("xac"), (id) => id === "b"))).toBe("xabc");
});

import { expect, it } from "vitest";
import { ownPath } from "./own-path";

it("leads to a page of this program only", () => {
  expect(ownPath("/wallet?kind=payout")).toBe("/wallet?kind=payout");
  for (const other of [
    "https://example.org/",
    "//example.org/",
    "/\\example.org",
    "javascript:alert(1)",
    "",
    1,
  ]) {
    expect(ownPath(other)).toBeUndefined();
  }
});

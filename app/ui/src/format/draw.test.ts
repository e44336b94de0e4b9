import { expect, it } from "vitest";
import { drawnPlace } from "./draw";

it("draws the place that the program recorded", () => {
  // The fixed result of the program's own test.
  expect(drawnPlace("42", 0, 1_000)).toBe(741);
});

it("is below the size, also for a negative seed", () => {
  for (let index = 0; index < 1_000; index += 1) {
    expect(drawnPlace("-1", index, 7)).toBeGreaterThanOrEqual(0);
    expect(drawnPlace("-1", index, 7)).toBeLessThan(7);
  }
});

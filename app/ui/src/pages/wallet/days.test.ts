import { expect, it } from "vitest";
import { everyDay } from "./days";

const day = (date: string, amount_minor: number) => ({ date, earned: { amount_minor, currency: "USD" } });

it("has a point for a day without lines", () => {
  const points = everyDay([day("2026-11-26", 3000), day("2026-11-24", 1900)], "2026-11-27");
  expect(points.map(({ date, earned }) => [date, earned.amount_minor])).toEqual([
    ["2026-11-24", 1900],
    ["2026-11-25", 0],
    ["2026-11-26", 3000],
    ["2026-11-27", 0],
  ]);
});

it("has no point for a wallet without lines", () => {
  expect(everyDay([], "2026-11-27")).toEqual([]);
});

import { expect, it } from "vitest";
import type { Transfer } from "../../api/queries";
import { daysOf, everyDay } from "./days";

const line = (date: string, kind: Transfer["kind"], amount_minor: number) =>
  ({ date, kind, amount: { amount_minor, currency: "USD" } }) as Transfer;

const lines = [
  line("2026-11-26", "completion_reward", 3000),
  line("2026-11-24", "payout", -1900),
  line("2026-11-24", "completion_reward", 3000),
  line("2026-11-24", "assignment_fee", -1100),
  line("2026-11-20", "assignment_fee", -1000),
];

it("adds a day's fees and rewards, and keeps the payout apart", () => {
  const days = daysOf(lines, "2026-11-21");
  expect(days.map(({ date, earned, paid }) => [date, earned.amount_minor, paid?.amount_minor])).toEqual([
    ["2026-11-26", 3000, undefined],
    ["2026-11-24", 1900, -1900],
  ]);
});

it("has a point for a day without lines", () => {
  const points = everyDay(daysOf(lines, "2026-11-21"), "2026-11-26");
  expect(points.map(({ earned }) => earned.amount_minor)).toEqual([1900, 0, 3000]);
});

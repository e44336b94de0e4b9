// What a person earned on each day. Until the program lists statements, the lines of the days are added
// here; all of them, not the latest page only.
import { queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "../../api/client";
import type { Transfer } from "../../api/queries";
import type { Money } from "../../format/money";
import { addDays } from "../../format/time";

export type WalletDay = {
  date: string;
  /** Fees, rewards and corrections. */
  earned: Money;
  /** The payout; null if there is none. */
  paid: Money | null;
  lines: number;
};

const PAGE_SIZE = 200;

export const walletDaysQuery = (to: string, days: number) => {
  const from = addDays(to, 1 - days);
  return queryOptions({
    queryKey: ["wallet", "days", from, to],
    queryFn: async ({ signal }) => {
      const lines: Transfer[] = [];
      let cursor: string | null = null;
      do {
        const query: { from: string; to: string; limit: number; cursor?: string } = {
          from,
          to,
          limit: PAGE_SIZE,
          ...(cursor ? { cursor } : {}),
        };
        const page: Schemas["Page_Transfer"] = await dataOf(
          api.GET("/api/v1/wallets/me/transfers", { params: { query }, signal }),
        );
        lines.push(...page.items);
        const last = page.items.at(-1);
        cursor = last && last.date >= from ? page.next_cursor : null;
      } while (cursor);
      return daysOf(lines, from);
    },
  });
};

/** The days of lines, the latest first. */
export function daysOf(lines: readonly Transfer[], from: string): WalletDay[] {
  const days = new Map<string, WalletDay>();
  for (const { date, kind, amount } of lines) {
    if (date < from) continue;
    const zero = { amount_minor: 0, currency: amount.currency };
    const day = days.get(date) ?? { date, earned: zero, paid: null, lines: 0 };
    const isPayout = kind === "payout";
    const before = isPayout ? (day.paid ?? zero) : day.earned;
    const after = { ...before, amount_minor: before.amount_minor + amount.amount_minor };
    days.set(date, { ...day, lines: day.lines + 1, ...(isPayout ? { paid: after } : { earned: after }) });
  }
  return [...days.values()].sort((left, right) => right.date.localeCompare(left.date));
}

/** The days from the first one to `to`, the earliest first; a day without lines has earned nothing. */
export function everyDay(days: readonly WalletDay[], to: string): { date: string; earned: Money }[] {
  const first = days.at(-1);
  if (!first) return [];
  const known = new Map(days.map(({ date, earned }) => [date, earned]));
  const zero = { amount_minor: 0, currency: first.earned.currency };
  const result = [];
  for (let date = first.date; date <= to; date = addDays(date, 1)) {
    result.push({ date, earned: known.get(date) ?? zero });
  }
  return result;
}

// The days on which something was booked for the person.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "../../api/client";
import { page, paged } from "../../api/queries";
import type { Money } from "../../format/money";
import { addDays } from "../../format/time";

export type WalletDay = Schemas["StatementTotals"];

/** Number of days in a page: the table stands above the lines. */
const PAGE_SIZE = 14;

/** All days, the latest first. */
export const walletDaysQuery = infiniteQueryOptions({
  queryKey: ["wallet", "days"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(
      api.GET("/api/v1/wallets/me/statements", {
        params: { query: { ...page(pageParam), limit: PAGE_SIZE } },
        signal,
      }),
    ),
  ...paged,
});

/** The days from the first one to `to`, the earliest first; a day without lines has earned nothing. */
export function everyDay(
  days: readonly Pick<WalletDay, "date" | "earned">[],
  to: string,
): { date: string; earned: Money }[] {
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

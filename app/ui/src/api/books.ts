// What the books show to those who keep them.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import { OTHERS_REFETCH_MS, page, paged, type Transfer, type TransfersFilter } from "./queries";

export type Day = Schemas["Day"];
export type DayEarnings = Schemas["DayEarnings"];
export type DayRange = { from?: string; to?: string };

/** Everybody's bookings change the books. */
const polled = { refetchInterval: OTHERS_REFETCH_MS };

/** Both ends or none: the program takes them together. */
export const rangeOf = ({ from, to }: DayRange) => (from && to ? { from, to } : {});

export const daysQuery = infiniteQueryOptions({
  queryKey: ["books", "days"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(api.GET("/api/v1/days", { params: { query: page(pageParam) }, signal })),
  ...paged,
  ...polled,
});

export const dayQuery = (date: string) =>
  queryOptions({
    queryKey: ["books", "day", date],
    queryFn: ({ signal }) => dataOf(api.GET("/api/v1/days/{date}", { params: { path: { date } }, signal })),
    ...polled,
  });

export const closePreviewQuery = (date: string) =>
  queryOptions({
    queryKey: ["books", "preview", date],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/days/{date}/preview", { params: { path: { date } }, signal })),
    staleTime: 0,
  });

/** The people whom the close would pay. */
export const duePayoutsQuery = (date: string) =>
  infiniteQueryOptions({
    queryKey: ["books", "due", date],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/days/{date}/preview", {
          params: { path: { date }, query: page(pageParam) },
          signal,
        }),
      ),
    ...paged,
    ...polled,
  });

/** Whether a query is about what the close of a day would do. */
export const isOfPreview = (queryKey: readonly unknown[]) =>
  queryKey[1] === "preview" || queryKey[1] === "due";

/** The largest page that the program sends: a long range is few requests. */
const PAGE_SIZE_MAX = 200;

/** All days of a range; without a range the last ones. */
export const earningsQuery = (range: DayRange) =>
  queryOptions({
    queryKey: ["books", "earnings", rangeOf(range)],
    queryFn: async ({ signal }) => {
      const items: DayEarnings[] = [];
      let cursor: string | null = null;
      do {
        const query = { ...rangeOf(range), limit: PAGE_SIZE_MAX, ...(cursor ? { cursor } : {}) };
        const page: Schemas["Page_DayEarnings"] = await dataOf(
          api.GET("/api/v1/earnings", { params: { query }, signal }),
        );
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor);
      return { items };
    },
    ...polled,
  });

export type PayoutsFilter = DayRange & { person_id?: string };

export const payoutsQuery = ({ person_id, ...range }: PayoutsFilter) => {
  const filter = { ...rangeOf(range), ...(person_id ? { person_id } : {}) };
  return infiniteQueryOptions({
    queryKey: ["books", "payouts", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET("/api/v1/payouts", { params: { query: { ...filter, ...page(pageParam) } }, signal })),
    ...paged,
    ...polled,
  });
};

export type WalletsFilter = { q?: string; below_zero?: boolean };

export const walletsQuery = (filter: WalletsFilter) =>
  infiniteQueryOptions({
    queryKey: ["books", "wallets", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/wallets", {
          params: { query: { ...filter, sort: "name", ...page(pageParam) } },
          signal,
        }),
      ),
    ...paged,
    ...polled,
  });

export const walletOfQuery = (person_id: string) =>
  queryOptions({
    queryKey: ["books", "wallet", person_id],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/wallets/{person_id}", { params: { path: { person_id } }, signal })),
    ...polled,
  });

export const transfersOfQuery = (person_id: string, filter: TransfersFilter) =>
  infiniteQueryOptions({
    queryKey: ["books", "transfers", person_id, filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/wallets/{person_id}/transfers", {
          params: { path: { person_id }, query: { ...filter, ...page(pageParam) } },
          signal,
        }),
      ),
    ...paged,
    ...polled,
  });

/** What was booked into a business day, for everybody. */
export const transfersOfDayQuery = (date: string, filter: TransfersFilter) =>
  infiniteQueryOptions({
    queryKey: ["books", "transfers", { date, ...filter }],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/transfers", {
          params: { query: { date, ...filter, ...page(pageParam) } },
          signal,
        }),
      ),
    ...paged,
    ...polled,
  });

/**
 * The lines that are reversed already, so that it is not offered twice. A correction is later than its
 * line, so it is on the same page or on an earlier one; with a filter of another kind it is not seen,
 * and the program refuses the second correction.
 */
export function reversedIn(transfers: readonly Transfer[]): Set<string> {
  const reversed = new Set<string>();
  for (const { id, reverses, reversed_by } of transfers) {
    if (reverses) reversed.add(reverses);
    if (reversed_by) reversed.add(id);
  }
  return reversed;
}

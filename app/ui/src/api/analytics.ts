import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import { OTHERS_REFETCH_MS } from "./queries";

export type Range = { from: string; to: string };
export type Period = "day" | "week" | "month";
/** `range`: that of the page. */
export const TOP_PERIODS = ["day", "week", "month", "range"] as const;
export type TopPeriod = (typeof TOP_PERIODS)[number];

export const summaryQuery = queryOptions({
  queryKey: ["analytics", "summary"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/analytics/summary", { signal })),
  refetchInterval: OTHERS_REFETCH_MS,
});

export const companyEarningsQuery = (range: Range) =>
  queryOptions({
    queryKey: ["analytics", "earnings", range],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/analytics/earnings", { params: { query: range }, signal })),
  });

export const debtsQuery = (range: Range) =>
  queryOptions({
    queryKey: ["analytics", "debts", range],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/analytics/wallets-below-zero", { params: { query: range }, signal })),
  });

export const topTasksQuery = (query: { period: Period; date: string } | Range) =>
  queryOptions({
    queryKey: ["analytics", "top", query],
    queryFn: ({ signal }) => dataOf(api.GET("/api/v1/analytics/top-tasks", { params: { query }, signal })),
  });

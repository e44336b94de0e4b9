// What the pages read. A key begins with what an event of the live stream is about.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client";
import type { paths } from "./schema";

/** A task in a list. */
export type Task = Schemas["ListedTask"];
export type TaskDetails = Schemas["Task"];
export type Transfer = Schemas["Transfer"];
export type Wallet = Schemas["Wallet"];
export type Run = Schemas["Reassignment"];

type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Q } } }
  ? Omit<NonNullable<Q>, "cursor" | "limit">
  : never;

export type TasksFilter = Query<"/api/v1/tasks">;
export type TransfersFilter = Query<"/api/v1/wallets/me/transfers">;

type Page = { next_cursor: string | null };

const PAGE_SIZE = 50;

/** The page after a cursor; the first one without. */
export const page = (cursor: string | undefined) => ({ limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) });

export const paged = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last: Page) => last.next_cursor ?? undefined,
  placeholderData: keepPreviousData,
};

/**
 * What other people change is read again in this interval: the live stream brings only the person's own
 * tasks, wallet and runs. An unchanged answer is a 304.
 */
export const OTHERS_REFETCH_MS = 30_000;

export const tasksQuery = (filter: TasksFilter) =>
  infiniteQueryOptions({
    queryKey: ["tasks", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET("/api/v1/tasks", { params: { query: { ...filter, ...page(pageParam) } }, signal })),
    ...paged,
  });

export const myTasksQuery = tasksQuery({ status: "open", assignee: "me", sort: "reward" });

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["tasks", "one", id],
    queryFn: ({ signal }) => dataOf(api.GET("/api/v1/tasks/{id}", { params: { path: { id } }, signal })),
  });

/** Counts for the navigation. */
export const mySummaryQuery = queryOptions({
  queryKey: ["summary"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/me/summary", { signal })),
});

export const walletQuery = queryOptions({
  queryKey: ["wallet", "balance"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/wallets/me", { signal })),
});

export const myTransfersQuery = (filter: TransfersFilter) =>
  infiniteQueryOptions({
    queryKey: ["wallet", "transfers", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/wallets/me/transfers", {
          params: { query: { ...filter, ...page(pageParam) } },
          signal,
        }),
      ),
    ...paged,
  });

export const runsQuery = infiniteQueryOptions({
  queryKey: ["runs", "list"],
  queryFn: ({ pageParam, signal }) =>
    dataOf(api.GET("/api/v1/reassignments", { params: { query: page(pageParam) }, signal })),
  ...paged,
});

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["runs", "one", id],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/reassignments/{id}", { params: { path: { id } }, signal })),
  });

export const reassignPreviewQuery = queryOptions({
  queryKey: ["runs", "preview"],
  queryFn: ({ signal }) => dataOf(api.GET("/api/v1/reassignments/preview", { signal })),
});

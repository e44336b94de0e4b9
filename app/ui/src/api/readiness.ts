// `/readyz` is outside of the API and of its document.
import { queryOptions } from "@tanstack/react-query";
import createClient from "openapi-fetch";
import { signal as report } from "./signals";

type Endpoint = string | Record<string, string>;
type Database = { reads: boolean; writes: boolean; primary: Endpoint; replicas: Endpoint[] };
type Readiness = { reads: boolean; writes: boolean; databases: Record<string, Database> };
type Answer = { content: { "application/json": Readiness } };
type Paths = { "/readyz": { get: { parameters: object; responses: { 200: Answer; 503: Answer } } } };

const client = createClient<Paths>();

/** The databases of the process that answers. */
export const databasesQuery = queryOptions({
  queryKey: ["readiness", "databases"],
  queryFn: async ({ signal }) => {
    const { data, error } = await client.GET("/readyz", { signal });
    // A process that is not ready answers 503 with the same content.
    return Object.entries(((data ?? error) as Readiness).databases);
  },
  refetchInterval: 30_000,
});

/** Whether commands work again. Only asked after one was answered with 503. */
export const writesQuery = queryOptions({
  queryKey: ["readiness"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/readyz", { signal });
    if (data?.writes) report({ readOnly: false });
    return data?.writes ?? false;
  },
  networkMode: "always",
  retry: false,
  staleTime: 0,
  gcTime: 0,
  refetchInterval: 5_000,
});

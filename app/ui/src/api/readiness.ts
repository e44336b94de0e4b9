// `/readyz` is outside of the API and of its document.
import { queryOptions } from "@tanstack/react-query";
import createClient from "openapi-fetch";
import { signal as report } from "./signals";

type Readiness = { reads: boolean; writes: boolean };
type Answer = { content: { "application/json": Readiness } };
type Paths = { "/readyz": { get: { parameters: object; responses: { 200: Answer; 503: Answer } } } };

const client = createClient<Paths>();

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

// The names of people, where the program sends ids only.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";

// To be replaced by `{id, name}` in the answers. A company has hundreds of people, not millions.
const PAGE_SIZE = 200;
const PAGES_MAX = 25;

export const namesQuery = queryOptions({
  queryKey: ["people", "names"],
  queryFn: async ({ signal }) => {
    const names = new Map<string, string>();
    let cursor: string | null | undefined;
    for (let number = 0; number < PAGES_MAX && cursor !== null; number += 1) {
      const query = { limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) };
      const page: { items: { id: string; name: string }[]; next_cursor: string | null } = await dataOf(
        api.GET("/api/v1/people", { params: { query }, signal }),
      );
      for (const { id, name } of page.items) names.set(id, name);
      cursor = page.next_cursor;
    }
    return names;
  },
  staleTime: 5 * 60_000,
});

/** The name of a person; undefined until it is known. */
export function usePersonName(id: string | null | undefined): string | undefined {
  const { data } = useQuery({ ...namesQuery, enabled: Boolean(id) });
  return id ? data?.get(id) : undefined;
}

// The names of all people, for a field in which a person is chosen.
import { queryOptions } from "@tanstack/react-query";
import { api, dataOf } from "./client";

// A company has hundreds of people, not millions.
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

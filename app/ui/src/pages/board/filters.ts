// The filters of the board as they stand in the address.
import type { TasksFilter } from "../../api/queries";

export type BoardSearch = {
  assignee?: string;
  status?: "completed" | "all";
  q?: string;
  sort?: "reward" | "completed";
};

const text = (value: unknown, length: number) =>
  typeof value === "string" && value.trim() !== "" ? value.slice(0, length) : undefined;

/** Reads an address. What it does not know is left out, so a mistyped address is the whole board. */
export function parseBoardSearch(search: Record<string, unknown>): BoardSearch {
  const assignee = text(search.assignee, 64);
  const q = text(String(search.q ?? ""), 200);
  const { status, sort } = search;
  return {
    ...(assignee ? { assignee } : {}),
    ...(status === "completed" || status === "all" ? { status } : {}),
    ...(q ? { q } : {}),
    ...(sort === "reward" || sort === "completed" ? { sort } : {}),
  };
}

/** The orders that the program has for a filter. The newest first is always possible. */
export function possibleSorts({ assignee, status, q }: BoardSearch): ("created" | "reward" | "completed")[] {
  if (q) return ["created"];
  if (status === "completed") return ["created", "completed"];
  return !status && assignee ? ["created", "reward"] : ["created"];
}

/** What the program is asked for. */
export function tasksFilter(search: BoardSearch): TasksFilter {
  const { assignee, status = "open", q, sort } = search;
  return {
    ...(assignee ? { assignee } : {}),
    ...(status === "all" ? {} : { status }),
    ...(q ? { q } : {}),
    ...(sort && possibleSorts(search).includes(sort) ? { sort } : {}),
  };
}

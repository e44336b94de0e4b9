import { InfiniteQueryObserver, QueryClient } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import type { TaskDetails } from "../../api/queries";
import { showCreated } from "./show-created";

type Page = { items: { id: string }[]; next_cursor: null };

const page = (ids: string): Page => ({ items: [...ids].map((id) => ({ id })), next_cursor: null });
const task = { id: "c", status: "open", assignee: { id: "p2", name: "Wim" } } as unknown as TaskDetails;

/** A board that is shown. Each read waits for an answer of the test. */
function board(queryClient: QueryClient) {
  const answers: ((page: Page) => void)[] = [];
  const observer = new InfiniteQueryObserver(queryClient, {
    queryKey: ["tasks", "list", { status: "open" }],
    queryFn: () => new Promise<Page>((resolve) => answers.push(resolve)),
    initialPageParam: undefined,
    getNextPageParam: () => undefined,
  });
  observer.subscribe(() => {});
  const shown = () =>
    observer
      .getCurrentResult()
      .data?.pages.flatMap(({ items }) => items.map(({ id }) => id))
      .join("");
  return { answers, observer, shown };
}

it("keeps the new task when an older read is answered after it", async () => {
  const queryClient = new QueryClient();
  const { answers, observer, shown } = board(queryClient);
  answers[0]?.(page("ba"));
  await vi.waitFor(() => expect(shown()).toBe("ba"));
  void observer.refetch();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  showCreated(queryClient, task, "p1");
  answers[1]?.(page("ba"));
  await new Promise((resolve) => setTimeout(resolve));
  expect(shown()).toBe("cba");
  // The read that was cancelled begins again, and its answer has the task.
  await vi.waitFor(() => expect(answers).toHaveLength(3));
  answers[2]?.(page("cba"));
  await vi.waitFor(() => expect(observer.getCurrentResult().isFetching).toBe(false));
  expect(shown()).toBe("cba");
});

it("loads the first page again if it was being loaded", async () => {
  const queryClient = new QueryClient();
  const { answers, shown } = board(queryClient);
  showCreated(queryClient, task, "p1");
  answers[0]?.(page("ba"));
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.(page("cba"));
  await vi.waitFor(() => expect(shown()).toBe("cba"));
});

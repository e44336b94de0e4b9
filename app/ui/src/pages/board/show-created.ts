import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { type TaskDetails, type TasksFilter, taskQuery } from "../../api/queries";
import { putAnswer } from "../../live/put-answer";

type Pages = InfiniteData<Schemas["Page_ListedTask"]>;

/** Puts a task that was created here into the lists that have it first. */
export function showCreated(queryClient: QueryClient, task: TaskDetails, myId: string): void {
  queryClient.setQueryData(taskQuery(task.id).queryKey, task);
  for (const { queryKey } of queryClient.getQueryCache().findAll({ queryKey: ["tasks", "list"] })) {
    if (isFirstIn(queryKey[2] as TasksFilter, task, myId)) {
      putAnswer<Pages>(queryClient, queryKey, (data) => data && withFirst(data, task));
    }
  }
  if (task.assignee.id === myId) void queryClient.invalidateQueries({ queryKey: ["tasks", "list"] });
}

function isFirstIn(filter: TasksFilter, task: TaskDetails, myId: string): boolean {
  const assignee = filter.assignee === "me" ? myId : filter.assignee;
  const isOfAssignee = !assignee || assignee === task.assignee.id;
  return isOfAssignee && filter.status !== "completed" && !filter.q && !filter.sort;
}

function withFirst(data: Pages, task: TaskDetails): Pages {
  const [first, ...others] = data.pages;
  if (!first) return data;
  return { ...data, pages: [{ ...first, items: [task, ...first.items] }, ...others] };
}

// Tasks that were completed in this tab: shown at once, taken back if refused, and "being booked" until
// the wallet has the line.
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, keyed } from "../api/client";
import { useCommand } from "../api/command";
import { isProblem } from "../api/problem";
import { type Task, type TaskDetails, taskQuery } from "../api/queries";
import { problemText } from "../parts/problem-text";
import { useFormat } from "../parts/use-format";
import { putAnswer } from "./put-answer";

type Completion = { task: Task; state: "sending" | "done"; isBooked: boolean };

let completions: ReadonlyMap<string, Completion> = new Map();
const listeners = new Set<() => void>();

function update(id: string, completion: Completion | null): void {
  const next = new Map(completions);
  if (completion) next.set(id, completion);
  else next.delete(id);
  completions = next;
  for (const listener of listeners) listener();
}

/** Another person's completions are not shown. */
export function forgetCompletions(): void {
  completions = new Map();
  for (const listener of listeners) listener();
}

export function useCompletions(): ReadonlyMap<string, Completion> {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => completions,
  );
}

export function useCompletion(id: string): Completion | undefined {
  return useCompletions().get(id);
}

/** Completes a task: optimistic, and honest if it is refused. */
export function useCompleteTask(): (task: Task) => void {
  const { t } = useTranslation();
  const { money } = useFormat();
  const queryClient = useQueryClient();
  const { mutate } = useCommand({
    send: ({ id }: Task, key: string) =>
      dataOf(api.POST("/api/v1/tasks/{id}/complete", { params: { path: { id }, ...keyed(key) } })),
    onMutate: (task) => update(task.id, { task, state: "sending", isBooked: false }),
    onSuccess: (task) => {
      update(task.id, { task, state: "done", isBooked: false });
      putAnswer<TaskDetails>(queryClient, taskQuery(task.id).queryKey, () => task);
      void queryClient.invalidateQueries({ queryKey: ["tasks", "history", task.id] });
      void queryClient.invalidateQueries({ queryKey: ["summary"] });
      const reward = task.price && money(task.price.reward, { sign: "always" });
      notifications.show({
        color: "green",
        title: reward ? t("complete.earned", { reward }) : t("complete.done"),
        message: task.title,
      });
    },
    onError: (error, task) => {
      update(task.id, null);
      const current = isProblem(error) ? (error.current as TaskDetails | undefined) : undefined;
      if (current?.assignee) putAnswer<TaskDetails>(queryClient, taskQuery(task.id).queryKey, () => current);
      void queryClient.invalidateQueries({ queryKey: ["tasks"] });
      const name = current?.assignee.name;
      const isLost =
        isProblem(error, "tasks.assigned_to_another") || isProblem(error, "tasks.already_completed");
      notifications.show({
        color: "red",
        autoClose: 10_000,
        title: t("complete.refused", { title: task.title }),
        message:
          isLost && name
            ? t(current.status === "completed" ? "complete.by_another" : "complete.at_another", { name })
            : problemText(t, error),
      });
    },
  });
  return mutate;
}

/** The completions whose rewards are not in the wallet yet. Looks for them until they are. */
export function usePendingBookings(): Completion[] {
  const queryClient = useQueryClient();
  const pending = [...useCompletions().values()].filter(
    ({ state, isBooked }) => state === "done" && !isBooked,
  );
  const { data: latest } = useQuery({
    queryKey: ["wallet", "latest"],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/wallets/me/transfers", { params: { query: { limit: 50 } }, signal })),
    enabled: pending.length > 0,
    refetchInterval: 1_000,
    staleTime: 0,
  });
  useEffect(() => {
    const booked = new Set(latest?.items.map(({ kind, task }) => kind === "completion_reward" && task?.id));
    const found = [...completions.values()].filter(({ task, isBooked }) => !isBooked && booked.has(task.id));
    for (const completion of found) update(completion.task.id, { ...completion, isBooked: true });
    if (found.length > 0) void queryClient.invalidateQueries({ queryKey: ["wallet"] });
  }, [latest, queryClient]);
  return pending;
}

// What the pages do with the changes of the live stream.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { meQuery, useMe } from "../api/me";
import { notePosition } from "../api/position";
import { type Run, runQuery } from "../api/queries";
import { followChanges, type LiveEvent } from "./stream";

let isLive = false;
const listeners = new Set<() => void>();

function setLive(value: boolean): void {
  if (value === isLive) return;
  isLive = value;
  for (const listener of listeners) listener();
}

/** Whether changes come by themselves. */
function useIsLive(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isLive,
  );
}

const WITHOUT_STREAM_REFETCH_MS = 20_000;

/** The interval of a read that the stream renews while there is one: own tasks, wallet and runs. */
export function useRefetchInterval(): number | false {
  return useIsLive() ? false : WITHOUT_STREAM_REFETCH_MS;
}

/** Follows the changes while somebody is signed in. Once, in the shell. */
export function useLiveChanges(): void {
  const queryClient = useQueryClient();
  const { id } = useMe();
  useEffect(() => {
    const renew = () => queryClient.fetchQuery({ ...meQuery, staleTime: 0 });
    const stop = followChanges(id, (event) => apply(queryClient, event), renew);
    return () => {
      stop();
      setLive(false);
    };
  }, [id, queryClient]);
}

function apply(queryClient: QueryClient, event: LiveEvent): void {
  const renew = (...queryKey: string[]) => void queryClient.invalidateQueries({ queryKey });
  if (event.type === "lost") {
    setLive(false);
    return;
  }
  setLive(true);
  if ("position" in event) notePosition(event.position);
  if (event.type === "connected" && !event.resumed) {
    renew("tasks");
    renew("wallet");
    renew("summary");
  }
  if (event.type === "tasks") {
    renew("tasks");
    renew("summary");
  }
  if (event.type === "wallet") renew("wallet");
  if (event.type === "run") {
    const { id, status, total, done, reassigned } = event;
    queryClient.setQueryData<Run>(
      runQuery(id).queryKey,
      (run) => run && { ...run, status, total, done, reassigned },
    );
    // The times and the cost are only in the run itself.
    if (status === "completed") {
      renew("runs");
      renew("summary");
    }
  }
}

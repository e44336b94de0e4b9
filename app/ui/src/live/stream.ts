// One stream of changes for the browser, not for the tab: HTTP/1.1 allows six connections. The tab that
// holds the lock has the stream and passes the events on; when it closes, another tab takes over.
import type { Schemas } from "../api/client";

export type LiveEvent =
  | { type: "connected"; resumed: boolean }
  | { type: "tasks"; position: string }
  | { type: "wallet"; position: string }
  | ({ type: "run"; position: string } & Pick<
      Schemas["Reassignment"],
      "id" | "status" | "total" | "done" | "reassigned"
    >)
  | { type: "lost" };

const NAMES = ["connected", "tasks", "wallet", "run"] as const;
const RETRY_MS = 5_000;
const ASK = "ask";

/**
 * Follows the changes of the person until `stop` is called. `renew` refreshes the session, because a
 * stream cannot. Without locks or channels there is no stream, and the pages poll.
 */
export function followChanges(
  personId: string,
  onEvent: (event: LiveEvent) => void,
  renew: () => Promise<unknown>,
): () => void {
  if (!navigator.locks || typeof BroadcastChannel === "undefined") return () => {};
  const name = `piecework.live.${personId}`;
  const channel = new BroadcastChannel(name);
  let isLive = false;
  channel.addEventListener("message", ({ data }) => {
    // A tab that was opened later asks whether there is a stream.
    if (data !== ASK) onEvent(data as LiveEvent);
    else if (isLive) channel.postMessage({ type: "connected", resumed: true } satisfies LiveEvent);
  });
  channel.postMessage(ASK);
  const stopped = new AbortController();
  const publish = (event: LiveEvent) => {
    isLive = event.type !== "lost";
    onEvent(event);
    channel.postMessage(event);
  };
  navigator.locks
    .request(name, { signal: stopped.signal }, () => lead(publish, renew, stopped.signal))
    .catch(() => {
      // The tab stopped while it waited for the lock.
    });
  return () => {
    stopped.abort();
    channel.close();
  };
}

/** Holds the stream until the tab stops. */
async function lead(
  publish: (event: LiveEvent) => void,
  renew: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await streamUntilRefused(publish, signal);
    if (signal.aborted) return;
    publish({ type: "lost" });
    // The usual reason is an expired access token.
    await renew().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The browser connects again by itself, with the id of the last event, unless the answer is an error. */
function streamUntilRefused(publish: (event: LiveEvent) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource("/api/v1/events");
    const close = () => {
      source.close();
      resolve();
    };
    for (const type of NAMES) {
      source.addEventListener(type, ({ data }) =>
        publish({ type, ...JSON.parse(data as string) } as LiveEvent),
      );
    }
    source.addEventListener("error", () => {
      publish({ type: "lost" });
      if (source.readyState === EventSource.CLOSED) close();
    });
    signal.addEventListener("abort", close);
  });
}

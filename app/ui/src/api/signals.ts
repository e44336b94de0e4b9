// What the answers of the program say about the program itself. Banners read it.
import { useSyncExternalStore } from "react";

type Signals = {
  /** Commands are answered with 503. Reads may go on. */
  readOnly: boolean;
  /** What is shown may be older than what the person has seen. */
  stale: boolean;
  /** The program has another version than this page. */
  newVersion: boolean;
  /** The last request got no answer. */
  unreachable: boolean;
};

let signals: Signals = { readOnly: false, stale: false, newVersion: false, unreachable: false };
const listeners = new Set<() => void>();

export function signal(change: Partial<Signals>): void {
  const next = { ...signals, ...change };
  const changed = (Object.keys(next) as (keyof Signals)[]).some((key) => next[key] !== signals[key]);
  if (!changed) return;
  signals = next;
  for (const listener of listeners) listener();
}

export function readSignals(): Signals {
  return signals;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSignals(): Signals {
  return useSyncExternalStore(subscribe, readSignals);
}

/** The version of the program that served this page; the first one seen if the page does not say. */
let pageVersion = globalThis.document?.querySelector<HTMLMetaElement>(
  "meta[name=piecework-version]",
)?.content;

/** The reads whose last answer was stale, and when it came. */
const staleReads = new Map<string, number>();
/** Every page that is shown reads again within this time, so an older entry is of a page that was left. */
const STALE_KEEP_MS = 60_000;

/** Whether a read that is shown is stale. Only a fresh answer to the same read, not to another one, ends it. */
function noteFreshness({ url }: Request, isStale: boolean): boolean {
  const now = Date.now();
  if (isStale) staleReads.set(url, now);
  else staleReads.delete(url);
  for (const [read, at] of staleReads) if (now - at > STALE_KEEP_MS) staleReads.delete(read);
  return staleReads.size > 0;
}

export function noteAnswer(request: Request, response: Response): void {
  const version = response.headers.get("x-piecework-version");
  if (version) pageVersion ||= version;
  const isCommand = !["GET", "HEAD"].includes(request.method);
  signal({
    unreachable: false,
    stale: noteFreshness(request, response.headers.get("x-piecework-stale") === "true"),
    ...(version && version !== pageVersion ? { newVersion: true } : {}),
    ...(isCommand && response.status === 503 ? { readOnly: true } : {}),
    ...(isCommand && response.ok ? { readOnly: false } : {}),
  });
}

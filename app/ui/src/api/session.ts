// One refresh at a time in all tabs. A refresh token is used once.
import { NetworkError } from "./problem";

const REFRESHED_AT = "piecework.refreshed_at";
const CHANNEL = "piecework.session";

/** `ended`: it ended by itself; `left`: the person signed out. */
export type SessionChange = "began" | "ended" | "left";

const listeners = new Set<(change: SessionChange) => void>();
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
channel?.addEventListener("message", ({ data }) => {
  for (const listener of listeners) listener(data as SessionChange);
});

/** Calls `listener` when the session of this browser begins or ends, in whichever tab. */
export function onSessionChange(listener: (change: SessionChange) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function announceSession(change: SessionChange): void {
  channel?.postMessage(change);
  for (const listener of listeners) listener(change);
}

function lastRefresh(): number {
  try {
    return Number(localStorage.getItem(REFRESHED_AT) ?? 0);
  } catch {
    return 0;
  }
}

function noteRefresh(): void {
  try {
    localStorage.setItem(REFRESHED_AT, String(Date.now()));
  } catch {
    // Without storage each tab refreshes for itself, which the program allows for thirty seconds.
  }
}

async function locked<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request("piecework.refresh", work) as Promise<T>;
}

/**
 * Refreshes the session, unless another tab did since `sentAt`. Returns whether there is a session.
 * Throws if the program did not decide.
 */
export function refreshSession(sentAt: number, refresh: () => Promise<Response>): Promise<boolean> {
  return locked(async () => {
    if (lastRefresh() >= sentAt) return true;
    const response = await refresh();
    if (response.ok) {
      noteRefresh();
      return true;
    }
    if (response.status >= 500) throw new NetworkError(`refresh ${response.status}`);
    return false;
  });
}

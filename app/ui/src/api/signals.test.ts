import { afterEach, expect, it, vi } from "vitest";
import { noteAnswer, readSignals } from "./signals";

const answer = (path: string, isStale: boolean) =>
  noteAnswer(
    new Request(`http://localhost${path}`),
    new Response("{}", { headers: isStale ? { "x-piecework-stale": "true" } : {} }),
  );

afterEach(() => {
  vi.useRealTimers();
});

it("is stale until the same read is fresh again", () => {
  answer("/tasks", true);
  answer("/wallets/me", false);
  expect(readSignals().stale).toBe(true);
  answer("/tasks", false);
  expect(readSignals().stale).toBe(false);
});

it("forgets a stale read that is not repeated", () => {
  vi.useFakeTimers();
  answer("/tasks", true);
  vi.advanceTimersByTime(61_000);
  answer("/wallets/me", false);
  expect(readSignals().stale).toBe(false);
});

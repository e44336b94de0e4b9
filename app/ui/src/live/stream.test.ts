// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest";
import { followChanges, type LiveEvent } from "./stream";

class Source extends EventTarget {
  static opened: Source[] = [];
  static CLOSED = 2;
  readyState = 1;
  constructor() {
    super();
    Source.opened.push(this);
  }
  close() {
    this.readyState = 2;
  }
  emit(type: string, data: object) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
  }
}

/** One lock after another, as in a browser. */
function locks() {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    request: (_name: string, _options: object, work: () => Promise<void>) => {
      queue = queue.then(work);
      return queue;
    },
  };
}

class Channel extends EventTarget {
  static all: Channel[] = [];
  constructor(readonly name: string) {
    super();
    Channel.all.push(this);
  }
  postMessage(data: unknown) {
    const others = Channel.all.filter((channel) => channel !== this && channel.name === this.name);
    for (const channel of others) channel.dispatchEvent(new MessageEvent("message", { data }));
  }
  close() {
    Channel.all = Channel.all.filter((channel) => channel !== this);
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  Source.opened = [];
  Channel.all = [];
  vi.stubGlobal("EventSource", Source);
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("navigator", { locks: locks() });
});

it("has one stream for all tabs, and every tab sees its events", async () => {
  const seen: LiveEvent[][] = [[], []];
  for (const events of seen)
    followChanges(
      "p1",
      (event) => events.push(event),
      async () => {},
    );
  await settle();
  expect(Source.opened).toHaveLength(1);
  Source.opened[0]?.emit("wallet", { lines: 3, position: "accounting=0/1" });
  expect(seen.map((events) => events.map(({ type }) => type))).toEqual([["wallet"], ["wallet"]]);
});

it("tells a tab that is opened later that there is a stream", async () => {
  followChanges(
    "p1",
    () => {},
    async () => {},
  );
  await settle();
  Source.opened[0]?.emit("connected", { resumed: false });
  const seen: LiveEvent[] = [];
  followChanges(
    "p1",
    (event) => seen.push(event),
    async () => {},
  );
  expect(seen).toEqual([{ type: "connected", resumed: true }]);
});

it("is taken over by another tab when the first one stops", async () => {
  const stop = followChanges(
    "p1",
    () => {},
    async () => {},
  );
  const seen: LiveEvent[] = [];
  followChanges(
    "p1",
    (event) => seen.push(event),
    async () => {},
  );
  await settle();
  stop();
  await settle();
  expect(Source.opened).toHaveLength(2);
  Source.opened[1]?.emit("tasks", { open: 1, position: "tracker=0/1" });
  expect(seen.at(-1)?.type).toBe("tasks");
});

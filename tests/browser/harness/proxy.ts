// Stands between the browser and the program, to cut the live stream while it is read.
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const STREAM = "/api/v1/events";

export type Proxy = {
  url: string;
  /** Cuts the stream instead of passing on the next part of it that contains `text`; it never comes back. */
  cutStreamAt: (text: string) => void;
  isCut: () => boolean;
  /** Number of streams that the browser reads. */
  streams: () => number;
  close: () => Promise<void>;
};

export async function startProxy(target: string): Promise<Proxy> {
  const streams = new Set<ServerResponse>();
  let cutAt: string | null = null;
  let isCut = false;
  const cut = () => {
    isCut = true;
    for (const stream of streams) stream.destroy();
  };
  const server = createServer((incoming, outgoing) => {
    const isStream = incoming.url === STREAM;
    if (isStream && isCut) {
      outgoing.destroy();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = request(new URL(incoming.url ?? "/", target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => outgoing.destroy());
      if (!isStream) {
        answer.pipe(outgoing);
        return;
      }
      streams.add(outgoing);
      outgoing.on("close", () => streams.delete(outgoing));
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        if (cutAt !== null && part.includes(cutAt)) cut();
        else outgoing.write(part);
      });
      answer.on("end", () => outgoing.end());
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutStreamAt: (text) => {
      cutAt = text;
    },
    isCut: () => isCut,
    streams: () => streams.size,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

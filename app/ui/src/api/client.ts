// The only client of the HTTP API. Its types are generated from the committed OpenAPI document.
import createClient, { type Middleware } from "openapi-fetch";
import { positionHeader } from "./position";
import { NetworkError, ProblemError, SignedOutError } from "./problem";
import type { components, paths } from "./schema";
import { announceSession, refreshSession } from "./session";
import { noteAnswer, signal } from "./signals";

export type Schemas = components["schemas"];

const isAuth = (request: Request) => new URL(request.url).pathname.startsWith("/api/v1/auth/");

async function transmit(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    signal({ unreachable: true });
    throw new NetworkError(String(error));
  }
  noteAnswer(request, response);
  return response;
}

const plain = createClient<paths>({ fetch: transmit });

async function refresh(): Promise<Response> {
  const { response } = await plain.POST("/api/v1/auth/refresh");
  return response;
}

/** Sends a request; if the access token has expired, refreshes the session and sends it again. */
async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const sentAt = Date.now();
  const response = await transmit(request);
  if (response.status !== 401 || isAuth(request)) return response;
  if (await refreshSession(sentAt, refresh)) {
    const second = await transmit(again);
    if (second.status !== 401) return second;
  }
  announceSession("ended");
  throw new SignedOutError();
}

const headers: Middleware = {
  onRequest({ request }) {
    // The routes of `/auth` know no person yet and refuse a key.
    if (request.method === "POST" && !isAuth(request) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    const position = request.method === "GET" ? positionHeader() : null;
    if (position) request.headers.set("x-piecework-position", position);
    return request;
  },
};

export const api = createClient<paths>({ fetch: send });
api.use(headers);

/** Lists also answer as CSV, which is text. */
type Json<O extends Outcome> = Exclude<NonNullable<O["data"]>, string>;
type Outcome = { data?: unknown; error?: unknown; response: Response };

/** The data of an answer. Throws the problem of any other one. */
export async function dataOf<O extends Outcome>(call: Promise<O>): Promise<Json<O>> {
  return (await answerOf(call)).data;
}

/** The data of an answer with its version (ETag). */
export async function answerOf<O extends Outcome>(
  call: Promise<O>,
): Promise<{ data: Json<O>; etag: string | null }> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError((error ?? {}) as object, response.status);
  return { data: data as Json<O>, etag: response.headers.get("etag") };
}

/** An answer as text: a CSV file. */
export async function textOf(call: Promise<Outcome>): Promise<string> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError((error ?? {}) as object, response.status);
  return String(data);
}

/** The end of a command whose answer may have no body. */
export async function done<O extends Outcome>(call: Promise<O>): Promise<Json<O> | undefined> {
  return (await answerOf(call)).data;
}

/** The header of a command that may be sent again. */
export const keyed = (key: string) => ({ header: { "Idempotency-Key": key } });

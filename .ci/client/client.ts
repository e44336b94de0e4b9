// A client of the API as a program writes it. It is compiled, not run: a field that the document does not
// declare, or declares with another type, is an error of the compiler.
import createClient from "openapi-fetch";

import type { components, paths } from "./api";

type ListedTask = components["schemas"]["ListedTask"];
type ProblemCode = components["schemas"]["ProblemCode"];

const api = createClient<paths>({ baseUrl: "/" });

export async function logIn(email: string, password: string): Promise<string | ProblemCode> {
  const { data, error } = await api.POST("/api/v1/auth/login", { body: { email, password } });
  if (!data) return error.code;
  // A login with cookies answers without the tokens.
  if (!("access_token" in data)) throw new Error("the tokens are in cookies");
  return data.access_token;
}

export async function openTasks(token: string): Promise<ListedTask[]> {
  const tasks: ListedTask[] = [];
  let cursor: string | null = null;
  do {
    const query: { status: "open"; limit: number; cursor?: string } = { status: "open", limit: 200 };
    if (cursor !== null) query.cursor = cursor;
    const { data, error } = await api.GET("/api/v1/tasks", {
      params: { query },
      headers: { Authorization: `Bearer ${token}` },
    });
    if (error) throw new Error(`${error.code}: ${error.detail}`);
    // The text is a CSV file, for which the request did not ask.
    if (data === undefined || typeof data === "string") throw new Error("the answer is no page");
    tasks.push(...data.items);
    cursor = data.next_cursor;
  } while (cursor !== null);
  return tasks;
}

export async function complete(task: ListedTask): Promise<"completed" | "open" | ProblemCode> {
  const params = { path: { id: task.id }, header: { "Idempotency-Key": task.id } };
  const { data, error } = await api.POST("/api/v1/tasks/{id}/complete", { params });
  return data ? data.status : error.code;
}

export function describe(task: ListedTask): string {
  const reward: number = task.price === null ? 0 : task.price.reward.amount_minor;
  const name: string = task.assignee.name ?? "somebody";
  return `${task.title} (${task.reference ?? "no reference"}): ${name}, ${reward}`;
}

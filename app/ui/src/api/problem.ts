import type { components } from "./schema";

type ProblemDocument = components["schemas"]["ProblemDocument"];
export type FieldError = components["schemas"]["FieldError"];

/** The program answered with a problem document (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly code: string;
  /** The English text of the program. */
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly requestId: string;
  /** The current state of the resource, if the program sent it. */
  readonly current: unknown;

  constructor(document: Partial<Omit<ProblemDocument, "code">> & { code?: string }, status: number) {
    super(`${status} ${document.code ?? "unknown"}`);
    this.status = status;
    this.code = document.code ?? "unknown";
    this.detail = document.detail ?? "";
    this.errors = document.errors ?? [];
    this.requestId = document.request_id ?? "";
    this.current = document.current;
  }

  /** The error of one field of the body, such as `title`. */
  field(name: string): FieldError | undefined {
    return this.errors.find((error) => error.pointer === `/${name}`);
  }
}

/** No answer came: offline, or the program is not reachable. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
}

/** The session has ended. The sign-in page is shown. */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";
}

/** Whether the same request may succeed later without a change. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ProblemError) return error.status >= 500 || error.status === 408;
  return error instanceof NetworkError;
}

export function isProblem(error: unknown, code?: string): error is ProblemError {
  return error instanceof ProblemError && (code === undefined || error.code === code);
}

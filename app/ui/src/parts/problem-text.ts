// The text of an error in the person's language. The program's own text is English; it is shown where
// the page has none.
import type { TFunction } from "i18next";
import { type FieldError, isProblem, NetworkError, ProblemError } from "../api/problem";

function known(t: TFunction, key: string, parameters: Record<string, unknown> = {}): string | undefined {
  const text = t(key as never, { ...parameters, defaultValue: "" } as never) as unknown as string;
  return text === "" ? undefined : text;
}

export function problemText(t: TFunction, error: unknown): string {
  if (error instanceof NetworkError) return t("problems.network");
  if (!(error instanceof ProblemError)) return t("problems.page");
  const [only] = error.errors;
  if (only && error.errors.length === 1 && isProblem(error, "invalid_request")) return fieldText(t, only);
  return known(t, `problems.${error.code}`) ?? (error.detail || t("problems.unknown"));
}

/** What the page shows below a field. */
export function fieldText(t: TFunction, error: FieldError): string {
  return known(t, `fields.${error.code}`, error.parameters) ?? error.detail;
}

/** The texts of the fields that the program refused, by the name of the field. */
export function fieldTexts(t: TFunction, error: unknown): Record<string, string> {
  if (!(error instanceof ProblemError)) return {};
  const named = error.errors.filter(({ pointer }) => pointer.startsWith("/"));
  return Object.fromEntries(named.map((field) => [field.pointer.slice(1), fieldText(t, field)]));
}

// @vitest-environment happy-dom
import i18next from "i18next";
import { beforeEach, expect, it } from "vitest";
import { changeLanguage, startTranslations } from "../../locales";
import { detailsOf } from "./audit-details";

const count = (value: number) => new Intl.NumberFormat("en").format(value);
const lines = (details: Record<string, string>) =>
  detailsOf(i18next.t, count, details).map(({ label, value }) => `${label}: ${value}`);

beforeEach(async () => {
  await startTranslations();
  await changeLanguage("en");
});

it("names every fact, and the values that have a name", () => {
  expect(lines({ from: "worker", to: "manager" })).toEqual(["From: Worker", "To: Manager"]);
  expect(lines({ from: "old@demo.example" })).toEqual(["From: old@demo.example"]);
  expect(lines({ open_tasks: "1200", login_method: "sso" })).toEqual([
    "Open tasks: 1,200",
    "By: Single sign-on",
  ]);
});

it("shortens an id and keeps the whole one for the pointer", () => {
  const session_id = "01a218df-30aa-726e-a0fe-af3f407d4da9";
  const [detail] = detailsOf(i18next.t, count, { session_id });
  expect(detail).toEqual({
    name: "session_id",
    label: "Session",
    value: "…af3f407d4da9",
    title: session_id,
  });
});

it("shows what a newer program records as it is", () => {
  expect(lines({ new_fact: "value", code: "no_such_code" })).toEqual([
    "new fact: value",
    "Why: no_such_code",
  ]);
});

// @vitest-environment happy-dom
import i18next from "i18next";
import { beforeEach, expect, it } from "vitest";
import { startTranslations } from "../../locales";
import { detailsOf } from "./audit-details";

const count = (value: number) => new Intl.NumberFormat("en").format(value);
const lines = (details: Record<string, string>) =>
  detailsOf(i18next.t, count, details).map(({ label, value }) => `${label}: ${value}`);

beforeEach(() => {
  startTranslations();
  void i18next.changeLanguage("en");
});

it("names every fact, and the values that have a name", () => {
  expect(lines({ from: "worker", to: "manager" })).toEqual(["From: Worker", "To: Manager"]);
  expect(lines({ from: "old@demo.example" })).toEqual(["From: old@demo.example"]);
  expect(lines({ open_tasks: "1200", login_method: "sso" })).toEqual([
    "Open tasks: 1,200",
    "By: Single sign-on",
  ]);
});

it("shows what a newer program records as it is", () => {
  expect(lines({ new_fact: "value", code: "no_such_code" })).toEqual([
    "new fact: value",
    "Why: no_such_code",
  ]);
});

// The files that the page offers.
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect } from "./test";

/** The lines of the CSV file that the page's button gives. */
export async function downloadedCsv(page: Page, name: string): Promise<string[]> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe(name);
  return readFileSync(await file.path(), "utf8")
    .trimEnd()
    .split(/\r?\n/);
}

import { expect, test } from "../harness/test";

test("a worker does everything with the keyboard", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/wallet");
  await expect(page.getByRole("heading", { name: "Wallet" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page.getByRole("heading", { name: "My tasks" })).toBeFocused();
  await expect(page.getByRole("table", { name: "My tasks" })).toBeVisible();
  await page.keyboard.press("j");
  const first = page.getByRole("row").nth(1);
  await expect(first.getByRole("link")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(first.getByRole("link")).toBeFocused();
  await page.keyboard.press("e");
  await expect(first.getByText("Completed")).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("wallet");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Wallet" })).toBeVisible();
});

test("the keys are physical, off while typing, and can be switched off", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/tasks");
  await expect(page.getByRole("table")).toBeVisible();
  const pressCyrillic = () =>
    page.evaluate(() =>
      document.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyC", key: "с", bubbles: true })),
    );
  await pressCyrillic();
  await expect(page.getByRole("dialog", { name: "New task" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search" })).toBeFocused();
  await page.keyboard.type("c");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.goto("/account");
  await page.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await page.getByRole("heading", { name: "Account" }).click();
  await pressCyrillic();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

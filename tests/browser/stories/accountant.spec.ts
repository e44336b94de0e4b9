import { expect, test } from "../harness/test";

test("an accountant corrects a line, once", async ({ page, signIn }) => {
  await signIn("accountant");
  await page.goto("/");
  await expect(page).toHaveURL(/\/books\/days$/);
  await page.getByRole("navigation", { name: "Books" }).getByRole("link", { name: "Wallets" }).click();
  await page.getByRole("searchbox", { name: "Name" }).fill("Wim");
  await expect(page).toHaveURL(/q=Wim/);
  await page.getByRole("link", { name: "Wim Worker" }).click();
  const lines = page.getByRole("table", { name: "Lines" });
  const fee = lines.getByRole("row").filter({ hasText: "Fee" }).first();
  await fee.getByRole("button", { name: /^Correct/ }).click();
  const dialog = page.getByRole("dialog", { name: "Reverse this line?" });
  await expect(dialog.getByRole("button", { name: /^Book/ })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("The draw was a mistake");
  await dialog.getByRole("button", { name: /^Book \+\$/ }).click();
  await expect(dialog).toHaveCount(0);
  await expect(lines.getByRole("row").nth(1)).toContainText("Correction: The draw was a mistake");
  await expect(fee.getByText("Reversed")).toBeVisible();
  await expect(fee.getByRole("button")).toHaveCount(0);
});

test("an accountant exports the payouts and closes the day with what it pays on the button", async ({
  page,
  signIn,
}) => {
  await signIn("accountant");
  await page.goto("/books/payouts");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  expect((await download).suggestedFilename()).toBe("payouts.csv");
  await page.getByRole("link", { name: "Days", exact: true }).click();
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  await page.getByRole("button", { name: /^Close the day now/ }).click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: /^Close and pay \$[\d,.]+ to \d+ (person|people)$/ });
  // After the close, the page asks what the close of the next day would pay, and nothing of the closed day.
  const preview = page.waitForResponse((response) => response.url().endsWith("/preview"));
  await confirm.click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await preview;
  const today = page.getByRole("table", { name: "Days" }).getByRole("row").filter({ hasText: "Open" });
  await expect(today).toHaveCount(1);
  expect(refused).toEqual([]);
});

test("an accountant gets from the figures of a day to its lines, and corrects one there", async ({ page, signIn }) => {
  await signIn("accountant");
  await page.goto("/books/days");
  await page.getByRole("table", { name: "Days" }).getByRole("link").nth(2).click();
  const lines = page.getByRole("table", { name: "Lines" });
  await expect(lines.getByRole("row").nth(1)).toBeVisible();
  await page.getByRole("combobox", { name: "Kind of line" }).click();
  await page.getByRole("option", { name: "Fee" }).click();
  await expect(page).toHaveURL(/kind=assignment_fee/);
  await expect(lines.getByText("Reward")).toHaveCount(0);
  const fee = lines.getByRole("row").filter({ has: page.getByRole("button", { name: /^Correct/ }) }).first();
  const person = await fee.getByRole("link").first().innerText();
  await fee.getByRole("button", { name: /^Correct/ }).click();
  const dialog = page.getByRole("dialog", { name: "Reverse this line?" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Charged twice");
  await dialog.getByRole("button", { name: /^Book \+\$/ }).click();
  await expect(dialog).toHaveCount(0);
  await expect(lines.getByText("Reversed").first()).toBeVisible();
  await lines.getByRole("link", { name: person }).first().click();
  await expect(page.getByRole("heading", { name: person })).toBeVisible();
});

import { downloadedCsv } from "../harness/download";
import { newPerson, newTasksOf, unique } from "../harness/people";
import { expect, test } from "../harness/test";

test("an accountant corrects a line with a reason, once, and finds it in the file", async ({
  page,
  request,
  signIn,
}) => {
  const worker = await newPerson(request, "worker", "Rosa");
  const title = unique("Water the ferns");
  await newTasksOf(request, worker, title);
  await signIn(await newPerson(request, "accountant", "Abel"));
  await page.goto("/");
  await expect(page).toHaveURL(/\/books\/days$/);
  await page.getByRole("navigation", { name: "Books" }).getByRole("link", { name: "Wallets" }).click();
  await page.getByRole("searchbox", { name: "Name" }).fill(worker.name);
  await expect(page).toHaveURL(/q=Rosa/);
  // A worker who has completed nothing owes the fees.
  await page.getByRole("switch", { name: "Only below zero" }).click();
  await expect(page).toHaveURL(/below_zero=true/);
  await page.getByRole("link", { name: worker.name }).click();
  await expect(page.getByRole("heading", { name: worker.name, level: 1 })).toBeVisible();

  const lines = page.getByRole("table", { name: "Lines" });
  const fee = lines
    .getByRole("row")
    .filter({ hasText: `Fee${title}` })
    .first();
  const amount = /-(\$[\d,]+\.\d\d)/.exec((await fee.innerText()).replace("−", "-"))?.[1] ?? "";
  await fee.getByRole("button", { name: `Correct: ${title}` }).click();
  const dialog = page.getByRole("dialog", { name: "Reverse this line?" });
  await expect(dialog.getByRole("button", { name: /^Book/ })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("The draw was a mistake");
  await dialog.getByRole("button", { name: `Book +${amount}` }).click();
  await expect(dialog).toHaveCount(0);
  const correction = lines.getByRole("row").nth(1);
  await expect(correction).toContainText("Correction: The draw was a mistake");
  await expect(correction).toContainText(`+${amount}`);
  await expect(correction.getByRole("button")).toHaveCount(0);
  const reversed = lines.getByRole("row").filter({ hasText: "Reversed" });
  await expect(reversed).toHaveCount(1);
  await expect(reversed).toContainText(`Fee`);
  await expect(reversed.getByRole("button")).toHaveCount(0);

  const [header, first] = await downloadedCsv(page, "transfers.csv");
  expect(header).toMatch(/^id,kind,date,person_id,person_name,amount_minor,/);
  expect(first).toMatch(/^[0-9a-f-]+,correction,/);
  expect(first).toContain(`,${worker.id},${worker.name},${amount.replace(/\D/g, "")},`);
  expect(first).toContain("The draw was a mistake");
});

test("an accountant reads the earnings of a range, a day of it, and the statement of the own wallet", async ({
  page,
  request,
  signIn,
}) => {
  const accountant = await newPerson(request, "accountant", "Abel");
  const title = unique("Count the stamps");
  await newTasksOf(request, accountant, title);
  await signIn(accountant);
  await page.goto("/books/earnings");
  await page.getByRole("button", { name: "Days" }).click();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await expect(page).toHaveURL(/from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d/);
  const earnings = page.getByRole("table", { name: "Earnings" });
  await expect(earnings.getByRole("row")).toHaveCount(8);
  const [header, ...days] = await downloadedCsv(page, "earnings.csv");
  expect(header).toBe(
    "date,earned_minor,fees_minor,rewards_minor,reversed_fees_minor,reversed_rewards_minor,currency,closed",
  );
  expect(days).toHaveLength(7);
  // A day before today is closed: what it earned is the same everywhere.
  const row = earnings.getByRole("row").nth(4);
  const earned = (await row.getByRole("cell").last().innerText()).trim();
  const minor = Number(earned.replace(/\D/g, "")) * (/^[-−]/.test(earned) ? -1 : 1);
  expect(days[3]).toContain(`,${minor},`);
  await row.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`/books/days/${days[3]?.slice(0, 10)}$`));
  await expect(page.getByRole("main")).toContainText(earned);
  await expect(page.getByText("Closed", { exact: true }).first()).toBeVisible();

  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Wallet" }).click();
  await page.getByRole("table", { name: "By day" }).getByRole("row").nth(1).getByRole("link").click();
  await expect(page.getByRole("heading", { name: /^Statement of / })).toBeVisible();
  await expect(page.getByText("The day is open: more may be booked into it.")).toBeVisible();
  const line = page.getByRole("table", { name: "Lines" }).getByRole("row").filter({ hasText: title }).first();
  await expect(line).toContainText("Fee");
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

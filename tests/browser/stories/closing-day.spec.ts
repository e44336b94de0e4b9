import { downloadedCsv } from "../harness/download";
import { completeTasks, newPerson, newTasksOf, unique } from "../harness/people";
import { apiOf, expect, test } from "../harness/test";

// A day is closed once, so no other story closes it.
test("an accountant closes the day with what it pays on the button, and sees who was paid", async ({
  page,
  request,
  signIn,
}) => {
  // Somebody who is owed money: a worker who has completed every task.
  const worker = await newPerson(request, "worker", "Rosa");
  const tasks = await newTasksOf(request, worker, unique("Water the ferns"));
  await completeTasks(request, worker, tasks);
  const { balance } = await (await apiOf(request, worker)).get("/wallets/me");
  expect(balance.amount_minor).toBeGreaterThan(0);
  const amount = (balance.amount_minor / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });

  await signIn(await newPerson(request, "accountant", "Abel"));
  await page.goto("/books/days");
  const row = (table: string) => page.getByRole("table", { name: table }).getByRole("row");
  await page.getByRole("button", { name: "Who would be paid" }).click();
  await expect(row("Who would be paid").filter({ hasText: worker.name })).toContainText(amount);
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  const open = row("Days").filter({ hasText: "Open" });
  const date = (await open.getByRole("link").getAttribute("href"))?.split("/").pop();
  await page.getByRole("button", { name: /^Close the day now/ }).click();
  const dialog = page.getByRole("dialog");
  const confirm = dialog.getByRole("button", { name: /^Close and pay \$[\d,.]+ to \d+ (person|people)$/ });
  const [, paid = "", people = ""] = /pay (\S+) to (\d+)/.exec(await confirm.innerText()) ?? [];
  // After the close, the page asks what the close of the next day would pay, and nothing of the closed day.
  const preview = page.waitForResponse((response) => response.url().endsWith("/preview"));
  await confirm.click();
  await expect(dialog).toHaveCount(0);
  await preview;
  await expect(open).toHaveCount(1);
  expect(refused).toEqual([]);

  await page.getByRole("table", { name: "Days" }).locator(`a[href$="${date}"]`).click();
  const main = page.getByRole("main");
  const fact = (name: string) => main.locator(`p:text-is("${name}") + div`);
  await expect(fact("Paid out")).toHaveText(paid);
  await expect(fact("People paid")).toHaveText(people);
  await expect(row("Payouts").filter({ hasText: worker.name })).toContainText(amount);

  await page.getByRole("navigation", { name: "Books" }).getByRole("link", { name: "Payouts" }).click();
  await expect(row("Payouts").filter({ hasText: worker.name })).toContainText(amount);
  const [header, ...lines] = await downloadedCsv(page, "payouts.csv");
  expect(header).toMatch(/^id,kind,date,person_id,person_name,amount_minor,balance_after_minor,currency,/);
  const line = lines.filter((text) => text.includes(worker.id));
  expect(line).toHaveLength(1);
  expect(line[0]).toContain(`,payout,${date},${worker.id},${worker.name},${-balance.amount_minor},0,USD,`);
});

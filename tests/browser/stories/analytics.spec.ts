import { completeTasks, newPerson, newTasksOf, unique } from "../harness/people";
import { apiOf, expect, test } from "../harness/test";

const minor = (text: string) => Number(text.replace(/\D/g, "")) * (/^[-−]/.test(text.trim()) ? -1 : 1);

test("an admin goes from each figure to the rows behind it", async ({ page, request, signIn }) => {
  // Something that was completed today, so that there is a highest reward.
  const worker = await newPerson(request, "worker", "Rosa");
  const tasks = await newTasksOf(request, worker, unique("Water the ferns"));
  await completeTasks(request, worker, tasks);
  await signIn(await newPerson(request, "admin", "Olga"));
  await page.goto("/analytics");
  const main = page.getByRole("main");
  const figure = (name: string | RegExp) => main.getByText(name).locator("..").getByRole("link");

  const earned = await figure(/^Earned on /).innerText();
  await figure(/^Earned on /).click();
  await expect(page).toHaveURL(/\/books\/days\/\d{4}-\d\d-\d\d$/);
  await expect(main.getByText("Company earned").locator("..")).toContainText(earned);

  await page.goBack();
  const wallets = Number(await figure("Wallets below zero now").innerText());
  await figure("Wallets below zero now").click();
  await expect(page).toHaveURL(/\/books\/wallets\?below_zero=true$/);
  const rows = page.getByRole("table", { name: "Wallets" }).locator("tbody").getByRole("row");
  await expect(rows).toHaveCount(wallets);
  for (const balance of await rows.locator("td:nth-child(2)").allInnerTexts()) {
    expect(minor(balance)).toBeLessThan(0);
  }

  await page.goBack();
  const { top_task_today: task } = await (await apiOf(request, "admin")).get("/analytics/summary");
  const reward = await figure("Highest reward today").innerText();
  await figure("Highest reward today").click();
  await expect(page).toHaveURL(new RegExp(`/tasks/${task.id}$`));
  await expect(page.getByRole("heading", { name: task.title, level: 1 })).toBeVisible();
  await expect(main).toContainText(reward);
});

test("an admin chooses a range, and the most expensive task of a day, a week and a month", async ({
  page,
  request,
  signIn,
}) => {
  await signIn(await newPerson(request, "admin", "Olga"));
  await page.goto("/analytics");
  await page.getByRole("button", { name: "Days" }).click();
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await expect(page).toHaveURL(/from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d/);
  const earnings = page.getByRole("region", { name: "Company earnings" });
  await earnings.getByText("The figures").click();
  const days = earnings.getByRole("table").locator("tbody").getByRole("row");
  await expect(days).toHaveCount(7);
  const amounts = await Promise.all((await days.all()).map((day) => day.getByRole("cell").last().innerText()));
  const total = await earnings.getByText(/^Total of the range: /).innerText();
  expect(minor(total.replace("Total of the range: ", ""))).toBe(
    amounts.map(minor).reduce((sum, amount) => sum + amount, 0),
  );

  const api = await apiOf(request, "admin");
  const range = new URL(page.url()).searchParams;
  const today = range.get("to");
  const top = page.getByRole("region", { name: "Most expensive task" });
  for (const [label, period, asked] of [
    ["Today", "day", `period=day&date=${today}`],
    ["Week", "week", `period=week&date=${today}`],
    ["Month", "month", `period=month&date=${today}`],
    ["Range above", "range", `from=${range.get("from")}&to=${today}`],
  ] as const) {
    const expected = await api.get(`/analytics/top-tasks?${asked}`);
    await top.getByText(label, { exact: true }).click();
    await expect(page).toHaveURL(new RegExp(`period=${period}`));
    // One row a day that had a completed task, and above them the most expensive one of all.
    const rows = top.getByRole("table", { name: "Most expensive task" }).locator("tbody").getByRole("row");
    await expect(rows).toHaveCount(expected.items.length);
    if (expected.top) await expect(top.getByRole("link").first()).toHaveText(expected.top.title);
    else await expect(top.getByText("No task was completed.")).toBeVisible();
  }
  await top.getByRole("table").getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "What happened" })).toBeVisible();
});

import { apiOf, expect, test } from "../harness/test";

test("a worker's day: complete a task and see its line in the wallet", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/");
  await expect(page).toHaveURL(/\/my-tasks$/);
  const first = page.getByRole("row").nth(1);
  const title = await first.getByRole("link").innerText();
  await first.getByRole("button", { name: /^Complete/ }).click();
  await expect(first.getByText("Completed")).toBeVisible();
  await expect(page.getByRole("alert").filter({ hasText: "earned" })).toBeVisible();
  // The row stays in its place, and says what has happened.
  await expect(first.getByRole("link")).toHaveText(title);
  await expect(page.getByText("is being booked")).toHaveCount(0);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Wallet" }).click();
  const line = page.getByRole("table", { name: "Lines" }).getByRole("row").nth(1);
  await expect(line).toContainText("Reward");
  await expect(line).toContainText(title);
});

for (const width of [1280, 360]) {
  test(`the balance leads to the lines that it is made of, ${width} px wide`, async ({ page, signIn }) => {
    await signIn("worker");
    await page.setViewportSize({ width, height: 800 });
    await page.goto("/my-tasks");
    await page.getByRole("link", { name: "See every line" }).click();
    // On a narrow page the rows are cards.
    const second = (name: string) =>
      width === 360
        ? page.getByRole("list", { name }).getByRole("listitem").nth(1)
        : page.getByRole("table", { name }).getByRole("row").nth(1);
    await expect(second("By day")).toBeVisible();
    await expect(second("Lines")).toBeVisible();
    const heading = page.getByRole("heading", { name: "Lines" });
    await expect(heading).toBeFocused();
    await expect(heading).toBeInViewport();
    await expect(second("Lines")).toBeInViewport();
  });
}

test("a worker sees what was booked for a task, and who was in the pool of its draw", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/my-tasks");
  await page.getByRole("row").nth(1).getByRole("link").click();
  const ledger = page.getByRole("table", { name: "What was booked" });
  await expect(ledger.getByRole("row").nth(1)).toContainText("Fee");
  await page.getByRole("button", { name: /^Drawn from \d+ (person|people)$/ }).last().click();
  await expect(page.getByText("Who was in the pool")).toBeVisible();
  await expect(page.getByText(/^\d+\. Wim Worker \(drawn\)$/)).toBeVisible();
});

test("a task that another person completed is given back honestly", async ({ page, request, signIn }) => {
  await signIn("worker");
  await page.goto("/my-tasks");
  const row = page.getByRole("row").nth(1);
  const href = (await row.getByRole("link").getAttribute("href")) ?? "";
  const task = await (await apiOf(request, "worker")).get(`/tasks/${href.split("/").pop()}`);
  await page.route("**/api/v1/tasks/*/complete", (route) =>
    route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      json: {
        type: "about:blank",
        title: "Conflict",
        status: 409,
        code: "tasks.assigned_to_another",
        detail: "the task is now assigned to another person",
        current: { ...task, assignee: { id: task.assignee.id, name: "Grace" } },
        request_id: "r",
      },
    }),
  );
  await row.getByRole("button", { name: /^Complete/ }).click();
  await expect(page.getByRole("alert").filter({ hasText: "It is assigned to Grace now." })).toBeVisible();
  await expect(row.getByRole("button", { name: /^Complete/ })).toBeVisible();
});

test("what was typed survives an error, a reload, a lost connection and is sent once", async ({
  page,
  context,
  signIn,
}) => {
  await signIn("worker");
  await page.goto("/tasks");
  await page.getByRole("button", { name: "New task" }).click();
  const title = `Oil the gate ${Date.now()}`;
  await page.getByRole("textbox", { name: "Task" }).fill(title);
  await page.getByRole("textbox", { name: "Reference" }).fill("no reference");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Reference" })).toHaveAttribute("aria-invalid", "true");
  await page.reload();
  await page.getByRole("button", { name: "New task" }).click();
  await expect(page.getByRole("textbox", { name: "Task" })).toHaveValue(title);
  await page.getByRole("textbox", { name: "Reference" }).fill("");
  await context.setOffline(true);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("dialog").getByRole("alert").first()).toContainText("cannot be reached");
  await context.setOffline(false);
  // The answer is lost, and the second attempt has the same key.
  const keys: (string | undefined)[] = [];
  await page.route("**/api/v1/tasks", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  const create = page.getByRole("button", { name: "Create", exact: true });
  await create.click();
  await expect.poll(() => keys.length).toBe(1);
  await expect(create).toBeEnabled();
  await create.click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(new Set(keys).size).toBe(1);
  await page.getByRole("searchbox", { name: "Search" }).fill(title);
  await expect(page.getByRole("table").getByRole("link", { name: title })).toHaveCount(1);
});

test("the board keeps its filters in the address and shows more", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/tasks");
  await expect(page.getByText("50 shown")).toBeVisible();
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByText("100 shown")).toBeVisible();
  await page.getByRole("searchbox", { name: "Search" }).fill("ockam");
  await expect(page).toHaveURL(/q=ockam/);
  await expect(page.getByRole("table").getByRole("link").first()).toContainText(/ockam/i);
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Search" })).toHaveValue("ockam");
  await page.getByRole("table").getByRole("link").first().click();
  await expect(page.getByRole("heading", { name: "What happened" })).toBeVisible();
  await page.getByRole("button", { name: /Drawn from/ }).first().click();
  // The details of the other draws are in the page, and closed.
  await expect(page.getByText(/The draw gave place \d+ of \d+/).filter({ visible: true })).toHaveCount(1);
});

test("offline, pages that were opened stay usable and nothing is lost", async ({ page, context, signIn }) => {
  await signIn("worker");
  await page.goto("/wallet");
  await expect(page.getByRole("table", { name: "Lines" })).toBeVisible();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "My tasks" }).click();
  await expect(page.getByRole("table", { name: "My tasks" })).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("You are offline.")).toBeVisible();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Wallet" }).click();
  await expect(page.getByRole("table", { name: "Lines" })).toBeVisible();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Board" }).click();
  await expect(page.getByText("You are offline, and nothing is stored of this yet.")).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
});

test("while commands are refused, a banner says that reading goes on", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/my-tasks");
  const problem = {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    code: "database_unavailable",
    detail: "",
    request_id: "r",
  };
  await page.route("**/readyz", (route) => route.fulfill({ json: { reads: true, writes: false } }));
  await page.route("**/complete", (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: problem }),
  );
  await page.getByRole("button", { name: /^Complete: / }).first().click();
  await expect(page.getByText("Changes are not possible at the moment.")).toBeVisible();
  await page.unroute("**/readyz");
  await expect(page.getByText("Changes are not possible at the moment.")).toHaveCount(0);
});

test("a tab of an older version offers to reload, and does not by itself", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/my-tasks");
  await expect(page.getByRole("heading", { name: "My tasks" })).toBeVisible();
  await page.route("**/api/v1/tasks?**", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "x-piecework-version": "another" } });
  });
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Board" }).click();
  await expect(page.getByText("There is a new version of this page.")).toBeVisible();
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
});

test("a task that another process creates appears by itself, with one stream for two tabs", async ({
  page,
  context,
  request,
  signIn,
}) => {
  const streams: string[] = [];
  context.on("request", (sent) => {
    if (sent.url().endsWith("/api/v1/events")) streams.push(sent.url());
  });
  await signIn("accountant");
  await page.goto("/my-tasks");
  const other = await context.newPage();
  await other.goto("/my-tasks");
  for (const tab of [page, other]) await expect(tab.getByRole("table", { name: "My tasks" })).toBeVisible();
  const api = await apiOf(request, "manager");
  const me = await (await apiOf(request, "accountant")).get("/me");
  const title = `Sort the letters ${Date.now()}`;
  // The draw is by chance: one of many tasks is the accountant's.
  const tasks = Array.from({ length: 60 }, () => ({ title }));
  const created = await api.post("/tasks/batch", { tasks });
  const mine = created.items.filter((task: { assignee: { id: string } }) => task.assignee.id === me.id);
  expect(mine.length).toBeGreaterThan(0);
  for (const tab of [page, other]) {
    // The list is by reward, so the new ones may be on a later page.
    await expect
      .poll(async () => {
        const more = tab.getByRole("button", { name: "Show more" });
        if (await more.isVisible()) await more.click();
        return tab.getByRole("link", { name: title }).count();
      })
      .toBe(mine.length);
  }
  expect(streams).toHaveLength(1);
});

test("a person sees times in a zone of their own, and the page names it", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/account");
  const navigation = page.getByRole("navigation", { name: "Pages" });
  await expect(navigation).toContainText("Times are in UTC");
  const choose = async (zone: string) => {
    await page.getByRole("combobox", { name: "Time zone" }).fill(zone);
    await page.getByRole("option", { name: zone }).click();
  };
  await choose("Asia/Tokyo");
  await expect(navigation).toContainText("Times are in Asia/Tokyo");
  await expect(navigation).toContainText("Business days are in UTC");
  await page.goto("/wallet");
  const time = page.getByRole("table", { name: "Lines" }).locator("time").first();
  const at = new Date((await time.getAttribute("datetime")) ?? "");
  const there = at.toLocaleTimeString("en-US", { timeZone: "Asia/Tokyo", timeStyle: "short", hourCycle: "h23" });
  await expect(time).toContainText(there);
  await page.goto("/account");
  await choose("As the company (UTC)");
  await expect(navigation).toContainText("Times are in UTC");
  await expect(navigation).not.toContainText("Business days");
});

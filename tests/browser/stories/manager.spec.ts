import { newPerson } from "../harness/people";
import { type Proxy, startProxy } from "../harness/proxy";
import { expect, test } from "../harness/test";

test("a manager sees the sum, confirms it, and has a receipt of the same sum", async ({ page, request, signIn }) => {
  const manager = await newPerson(request, "manager", "Mara");
  await signIn(manager);
  await page.goto("/");
  await expect(page).toHaveURL(/\/tasks$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Reassign" }).click();
  const begin = page.getByRole("button", { name: /^Reassign all open tasks/ });
  const runsBefore = page
    .getByRole("table", { name: "Reassigns so far" })
    .getByRole("row")
    .filter({ hasText: manager.name });
  await begin.click();
  const dialog = page.getByRole("dialog", { name: "Reassign all open tasks?" });
  const confirm = dialog.getByRole("button", { name: /^Reassign [\d,]+ tasks for \$[\d,]+\.\d\d$/ });
  const [, count = "", cost = ""] = /^Reassign ([\d,]+) tasks for (\S+)$/.exec(await confirm.innerText()) ?? [];
  // The text of the dialog and the page behind it have the same sum as the button.
  await expect(dialog).toContainText(`${count} tasks are reassigned. The people are charged ${cost} in all`);
  await expect(page.getByText("Cost", { exact: true }).first().locator("..")).toContainText(cost);
  await expect(page.getByText("Open tasks", { exact: true }).locator("..")).toContainText(count);
  // A cancelled dialog begins nothing.
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(runsBefore).toHaveCount(0);

  await begin.click();
  await confirm.click();
  await expect(page).toHaveURL(/\/reassign\/[0-9a-f-]+$/);
  await expect(page.getByText("All tasks of this reassign are done.")).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toHaveAttribute("aria-valuenow", "100");
  const receipt = page.getByRole("main");
  await expect(receipt.getByText(`${count} of ${count}`)).toBeVisible();
  await expect(receipt.getByText(cost, { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "All reassigns" }).click();
  const run = page.getByRole("table", { name: "Reassigns so far" }).getByRole("row").filter({ hasText: manager.name });
  await expect(run).toContainText("Finished");
  await expect(run).toContainText(`${count} / ${count}`);
  await expect(run).toContainText(cost);
  await run.getByRole("link").click();
  await expect(page.getByRole("heading", { name: "Reassign", level: 1 })).toBeVisible();
  await expect(receipt.getByText(manager.name)).toBeVisible();
});

const proxied = test.extend<{ streamProxy: Proxy }>({
  streamProxy: async ({}, use) => {
    const proxy = await startProxy(process.env.PIECEWORK_URL ?? "");
    await use(proxy);
    await proxy.close();
  },
  baseURL: async ({ streamProxy }, use) => use(streamProxy.url),
});

proxied(
  "a reassign whose stream is cut while it runs is followed to its end",
  async ({ page, streamProxy: proxy, request, signIn }) => {
    await signIn(await newPerson(request, "manager", "Mara"));
    await page.goto("/reassign");
    await expect.poll(proxy.streams).toBe(1);
    await page.getByRole("button", { name: /^Reassign all open tasks/ }).click();
    // The first news of the run does not arrive, nor does anything after it.
    proxy.cutStreamAt("event: run");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Reassign [\d,]+ tasks for/ })
      .click();
    await expect(page).toHaveURL(/\/reassign\/[0-9a-f-]+$/);
    await expect(page.getByText("All tasks of this reassign are done.")).toBeVisible();
    await expect(page.getByRole("progressbar", { name: "Progress" })).toHaveAttribute("aria-valuenow", "100");
    expect(proxy.isCut()).toBe(true);
    expect(proxy.streams()).toBe(0);
  },
);

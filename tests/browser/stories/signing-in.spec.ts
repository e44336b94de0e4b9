import { fillSignIn, newPerson, unique } from "../harness/people";
import { address, apiOf, expect, PASSWORD, test } from "../harness/test";

test("a person signs in and gets to the page that they wanted", async ({ page }) => {
  await page.goto("/wallet?kind=payout");
  await expect(page).toHaveURL(/\/login\?return_to=/);
  await page.getByLabel("E-mail address").fill(address("worker"));
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("The e-mail address or the password is wrong.");
  await expect(page.getByRole("alert")).toContainText("Request id");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD());
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/wallet\?kind=payout$/);
  await expect(page.getByRole("heading", { name: "Wallet", level: 1 })).toBeFocused();
});

test("a return path of another site is not followed", async ({ page, baseURL }) => {
  await page.goto("/login?return_to=https://example.org/");
  await page.getByLabel("E-mail address").fill(address("worker"));
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD());
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${baseURL}/my-tasks`);
});

test("signing out in one tab signs out the other", async ({ page, context, signIn }) => {
  await signIn("worker");
  await page.goto("/tasks");
  const other = await context.newPage();
  await other.goto("/account");
  await other.getByRole("textbox", { name: "Name", exact: true }).fill("Typed and not sent");
  const drafts = () =>
    other.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("piecework.draft.")));
  await expect.poll(drafts).toHaveLength(1);
  await page.getByRole("button", { name: /account menu/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login$/);
  await expect(other).toHaveURL(/\/login/);
  await expect.poll(drafts).toEqual([]);
});

test("a session that ended leads to the sign-in page and back", async ({ page, context, signIn }) => {
  await signIn("worker");
  await page.goto("/my-tasks");
  await expect(page.getByRole("heading", { name: "My tasks" })).toBeVisible();
  await context.clearCookies();
  // The stream or the next read notices it; a navigation does at once.
  await page.goto("/wallet");
  await expect(page).toHaveURL(/\/login\?return_to=%2Fwallet/);
});

test("two tabs refresh the session at once and both stay signed in", async ({ page, context, signIn }) => {
  await signIn("worker");
  await page.goto("/wallet");
  const other = await context.newPage();
  await other.goto("/my-tasks");
  await expect(other.getByRole("heading", { name: "My tasks" })).toBeVisible();
  const refreshes: string[] = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/auth/refresh")) refreshes.push(request.url());
  });
  // Both access tokens are gone, as after ten minutes.
  await context.clearCookies({ name: /access/ });
  await Promise.all([
    page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Board" }).click(),
    other.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Board" }).click(),
  ]);
  for (const tab of [page, other]) {
    await expect(tab.getByRole("table", { name: "Board" })).toBeVisible();
    await expect(tab).toHaveURL(/\/tasks$/);
  }
  expect(refreshes).toHaveLength(1);
});

test("a page that the role does not allow says so", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/people");
  await expect(page.getByRole("heading", { name: "This page is not for your role" })).toBeVisible();
  await expect(page.getByRole("navigation").getByRole("link", { name: "People" })).toHaveCount(0);
});

test("a session that ends under an open form leads to the sign-in page, and what was typed is still there", async ({
  page,
  request,
  signIn,
}) => {
  const person = await newPerson(request, "manager", "Mara");
  await signIn(person);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "New task" }).click();
  const form = page.getByRole("dialog", { name: "New task" });
  const title = unique("Paint the fence");
  await form.getByRole("textbox", { name: "Task" }).fill(title);
  await form.getByRole("textbox", { name: "Description" }).fill("The one behind the barn");
  await (await apiOf(request, "admin")).delete(`/people/${person.id}/sessions`);
  await form.getByRole("button", { name: "Create" }).click();
  await expect(page).toHaveURL(/\/login\?return_to=%2Ftasks$/);
  await expect(page.getByText(title)).toHaveCount(0);

  await fillSignIn(page, person);
  await expect(page).toHaveURL(/\/tasks$/);
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
  await expect(form.getByRole("textbox", { name: "Task" })).toHaveValue(title);
  await expect(form.getByRole("textbox", { name: "Description" })).toHaveValue("The one behind the barn");
  await form.getByRole("button", { name: "Create" }).click();
  await expect(form).toHaveCount(0);
  await expect(page.getByRole("table", { name: "Board" }).getByRole("link", { name: title })).toHaveCount(1);
});

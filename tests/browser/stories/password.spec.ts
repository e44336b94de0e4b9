import { fillSignIn, linkOfMail, newPerson } from "../harness/people";
import { expect, test } from "../harness/test";

test("a forgotten password is replaced by the link of a mail", async ({ page, request }) => {
  const person = await newPerson(request, "manager", "Forgetful");
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(page.getByText("If the address belongs to an account, the mail is on its way.")).toBeVisible();

  const link = await linkOfMail(person.email);
  const password = "a short and loud brook";
  await page.goto(link);
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("Repeat the password").fill(password);
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  const menu = page.getByRole("button", { name: `${person.name}: account menu` });
  await menu.click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login$/);

  await fillSignIn(page, person);
  await expect(page.getByRole("alert")).toContainText("The e-mail address or the password is wrong.");
  await fillSignIn(page, { ...person, password });
  await expect(menu).toBeVisible();

  // The link works once.
  await page.goto("about:blank");
  await page.goto(link);
  await page.getByLabel("New password").fill("a third and silent lake");
  await page.getByLabel("Repeat the password").fill("a third and silent lake");
  await page.getByRole("button", { name: "Set the password and sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("This link was used before.");
});

test("a changed password ends the sessions of other browsers", async ({ page, browser, baseURL, request, signIn }) => {
  const person = await newPerson(request, "manager", "Careful");
  const context = await browser.newContext({ baseURL: baseURL ?? "" });
  await signIn(person, context);
  const other = await context.newPage();
  await other.goto("/wallet");
  await expect(other.getByRole("heading", { name: "Wallet", level: 1 })).toBeVisible();

  await signIn(person);
  await page.goto("/account");
  const end = page.getByRole("table", { name: "Sessions" }).getByRole("button", { name: /^End the session: / });
  await expect(end).toHaveCount(1);
  const password = "a short and loud brook";
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill(password);
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText("This is not the current password.")).toBeVisible();
  await page.getByLabel("Current password").fill(person.password);
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText("Your other sessions have ended.")).toBeVisible();
  await expect(end).toHaveCount(0);

  await other.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "My tasks" }).click();
  await expect(other).toHaveURL(/\/login\?return_to=/);
  await fillSignIn(other, { ...person, password });
  await expect(other.getByRole("heading", { name: "My tasks", level: 1 })).toBeVisible();
  await context.close();
});

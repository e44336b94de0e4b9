import { addressOf, fillSignIn, linkOfMail, newPerson, newTasksOf, unique } from "../harness/people";
import { apiOf, expect, test } from "../harness/test";

test("an admin's morning: an invited person sets a password by the link of the mail", async ({
  page,
  browser,
  baseURL,
  request,
  signIn,
}) => {
  await signIn(await newPerson(request, "admin", "Olga"));
  await page.goto("/people");
  await page.getByRole("button", { name: "Add a person" }).click();
  const form = page.getByRole("dialog", { name: "Add a person" });
  const name = unique("Invited");
  const email = addressOf(name);
  await form.getByRole("textbox", { name: "E-mail address" }).fill(email);
  await form.getByRole("textbox", { name: "Name" }).fill(name);
  await form.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "Manager" }).click();
  await form.getByRole("button", { name: "Add a person" }).click();
  await expect(form).toHaveCount(0);
  await expect(page.getByText(`The invitation goes to ${email}.`)).toBeVisible();

  const context = await browser.newContext({ baseURL: baseURL ?? "" });
  const invited = await context.newPage();
  await invited.goto(await linkOfMail(email));
  await invited.getByLabel("New password").fill("a long and quiet river");
  await invited.getByLabel("Repeat the password").fill("a long and quiet river");
  await invited.getByRole("button", { name: "Set the password and sign in" }).click();
  // A manager begins on the board.
  await expect(invited.getByRole("heading", { name: "Board", level: 1 })).toBeVisible();
  await expect(invited.getByRole("button", { name: `${name}: account menu` })).toBeVisible();
  await context.close();

  await page.goto("/system/mail");
  const mail = page.getByRole("table", { name: "Mail" }).getByRole("row").filter({ hasText: email });
  await expect(mail).toContainText("Invitation");
  await expect(mail).toContainText("Sent");
  // The link of the mail is used, so the mail is not sent again.
  await mail.getByRole("button", { name: `Send again: ${email}` }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Send the person a new one." })).toBeVisible();
});

test("an admin's afternoon: a role is changed, the tasks go to others, the person is locked out and let in", async ({
  page,
  browser,
  baseURL,
  request,
  signIn,
}) => {
  const worker = await newPerson(request, "worker", "Rosa");
  await newTasksOf(request, worker, unique("Water the ferns"));
  const api = await apiOf(request, "admin");
  const { items: tasks } = await api.get(`/tasks?status=open&assignee=${worker.id}&limit=100`);
  const cost = new RegExp(`^${tasks.length} open tasks? (is|are) reassigned, and`);
  await signIn(await newPerson(request, "admin", "Olga"));
  await page.goto(`/people/${worker.id}`);
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "Manager" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  const roleDialog = page.getByRole("dialog", { name: `${worker.name}: Manager?` });
  await expect(roleDialog.getByText(cost)).toBeVisible();
  await roleDialog.getByRole("button", { name: "Change to Manager" }).click();
  await expect(roleDialog).toHaveCount(0);
  await expect(page.getByRole("combobox", { name: "Role" })).toHaveValue("Manager");

  // The run that the change has caused.
  await page.goto("/reassign");
  const run = page.getByRole("table", { name: "Reassigns so far" }).getByRole("row").filter({ hasText: worker.name });
  await expect(run).toContainText("The system");
  await expect(run).toContainText("Finished");
  await expect(run).toContainText(`${tasks.length} / ${tasks.length}`);
  expect((await api.get(`/tasks?status=open&assignee=${worker.id}`)).items).toEqual([]);

  await page.goto(`/people/${worker.id}`);
  await page.getByRole("button", { name: "Deactivate …" }).click();
  const deactivation = page.getByRole("dialog", { name: `Deactivate ${worker.name}?` });
  await deactivation.getByRole("button", { name: `Deactivate ${worker.name}` }).click();
  await expect(deactivation).toHaveCount(0);
  await expect(page.getByText("Deactivated", { exact: true })).toBeVisible();

  const context = await browser.newContext({ baseURL: baseURL ?? "" });
  const other = await context.newPage();
  await other.goto("/login");
  await fillSignIn(other, worker);
  await expect(other.getByRole("alert")).toContainText("The e-mail address or the password is wrong.");

  await page.getByRole("button", { name: "Activate", exact: true }).click();
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  await fillSignIn(other, worker);
  await expect(other.getByRole("button", { name: `${worker.name}: account menu` })).toBeVisible();
  await context.close();

  // All of it is in the audit trail.
  await page.goto("/system/audit");
  const records = page.getByRole("table", { name: "Audit" }).getByRole("row");
  const ofWorker = records.filter({ has: page.getByRole("link", { name: worker.name }) });
  const choose = async (action: string) => {
    await page.getByRole("combobox", { name: "What" }).fill(action);
    await page.getByRole("option", { name: action, exact: true }).click();
  };
  await choose("Role changed");
  await expect(ofWorker).toHaveCount(1);
  await expect(ofWorker).toContainText("From: Worker");
  await expect(ofWorker).toContainText("To: Manager");
  for (const action of ["Person deactivated", "Person activated"]) {
    await choose(action);
    await expect(ofWorker).toContainText(action);
    await expect(ofWorker).toHaveCount(1);
  }
});

test("an admin's evening: a session of another browser is ended, and the system is fine", async ({
  page,
  browser,
  baseURL,
  request,
  signIn,
}) => {
  const admin = await newPerson(request, "admin", "Olga");
  const context = await browser.newContext({
    baseURL: baseURL ?? "",
    userAgent: "Mozilla/5.0 (Macintosh) Firefox/150.0",
  });
  await signIn(admin, context);
  const other = await context.newPage();
  await other.goto("/wallet");
  await expect(other.getByRole("heading", { name: "Wallet", level: 1 })).toBeVisible();

  await signIn(admin);
  await page.goto("/account");
  const sessions = page.getByRole("table", { name: "Sessions" });
  await expect(sessions.getByRole("row").filter({ hasText: "this one" })).toHaveCount(1);
  const end = sessions.getByRole("button", { name: "End the session: Firefox" });
  await end.click();
  await expect(end).toHaveCount(0);
  await other.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "My tasks" }).click();
  await expect(other).toHaveURL(/\/login\?return_to=/);
  await context.close();
  // This session goes on.
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "System" }).click();
  await expect(page.getByRole("heading", { name: "Modules", level: 1 })).toBeVisible();
  for (const name of ["People and sign-in", "Tasks", "Accounting", "Mail", "Analytics"]) {
    await expect(page.getByRole("region", { name, exact: true })).toContainText("Fine");
  }
  const parts = page.getByRole("navigation", { name: "System" });
  await parts.getByRole("link", { name: "Events" }).click();
  await expect(page.getByRole("heading", { name: "Parked events", level: 1 })).toBeVisible();
  await expect(page.getByText("nothing is parked").first()).toBeVisible();
  await parts.getByRole("link", { name: "Mail" }).click();
  await page.getByRole("combobox", { name: "Status" }).click();
  await page.getByRole("option", { name: "Not delivered" }).click();
  await expect(page).toHaveURL(/status=parked/);
  await expect(page.getByText("There is no mail.")).toBeVisible();
});

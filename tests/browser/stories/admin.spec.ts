import { apiOf, expect, expectAccessible, test } from "../harness/test";

test("an admin adds a person, who sets a password and signs in", async ({ page, browser, baseURL, signIn }) => {
  await signIn("admin");
  await page.goto("/");
  await expect(page).toHaveURL(/\/analytics$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "People" }).click();
  await page.getByRole("button", { name: "Add a person" }).click();
  const email = `nora.${Date.now()}@demo.example`;
  await page.getByRole("textbox", { name: "E-mail address" }).fill(email);
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("Nora New");
  await page.getByRole("radio", { name: "Show a link that I hand over" }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Add a person" }).click();
  const link = await page.getByRole("textbox", { name: "One-time link" }).inputValue();
  expect(link).toContain("/set-password#token=");

  const context = await browser.newContext({ baseURL: baseURL ?? "" });
  const nora = await context.newPage();
  await nora.goto(link);
  await nora.getByLabel("New password").fill("a long and quiet river");
  await nora.getByLabel("Repeat the password").fill("another");
  await nora.getByRole("button", { name: "Set the password and sign in" }).click();
  await expect(nora.getByText("The two passwords are different")).toBeVisible();
  await nora.getByLabel("Repeat the password").fill("a long and quiet river");
  await nora.getByRole("button", { name: "Set the password and sign in" }).click();
  await expect(nora.getByRole("heading", { name: "My tasks" })).toBeVisible();
  await context.close();
});

test("an admin imports a file of people after its faults are corrected", async ({ page, request, signIn }) => {
  await signIn("admin");
  await page.goto("/people");
  await page.getByRole("button", { name: "Import a file" }).click();
  const dialog = page.getByRole("dialog", { name: "Import a file" });
  const choose = (text: string) =>
    dialog
      .locator("input[type=file]")
      .setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  const address = `ida.${Date.now()}@demo.example`;
  await choose(`email,name,role\n${address},Ida Imported,worker\nnobody@,Nobody,worker\na@b.example,A,pirate\n`);
  const faults = dialog.getByText(/^Line \d+: /);
  await expect(faults).toHaveText([
    "Line 3: email: This is no e-mail address.",
    "Line 4: “pirate” is no role. Roles are worker, accountant, manager and admin.",
  ]);
  await expect(dialog.getByRole("button", { name: "Import a file" })).toBeDisabled();
  const api = await apiOf(request, "admin");
  expect((await api.get(`/people?q=${address}`)).items).toEqual([]);
  await choose(`email,name,role,phone\n${address},Ida Imported,worker,1\nada@demo.example,Ada,admin,2\n`);
  await expect(dialog.getByText("These columns are not used: phone.")).toBeVisible();
  await expect(dialog.getByText("1 person would be added. 1 address is known already and is skipped.")).toBeVisible();
  await expect(dialog.getByRole("alert", { name: /^These people are known under another name/ })).toHaveText(
    /Line 3: Ada Admin, Admin$/,
  );
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Add 1 person" }).click();
  await expect(dialog).toHaveCount(0);
  await page.goto(`/people?q=${address}`);
  await expect(page.getByRole("table", { name: "People" }).getByText("Ida Imported")).toBeVisible();
});

test("two admins do not overwrite each other", async ({ page, context, signIn }) => {
  await signIn("admin");
  await page.goto("/people?q=Tom");
  await page.getByRole("link", { name: /^Tom/ }).click();
  const name = page.getByRole("textbox", { name: "Name" });
  const before = await name.inputValue();
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole("textbox", { name: "Name" }).fill("Tom of the other tab");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByRole("heading", { name: "Tom of the other tab" })).toBeVisible();
  await name.fill("Tom of this tab");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Now it is: Tom of the other tab.")).toBeVisible();
  await expect(name).toHaveValue("Tom of this tab");
  await name.fill(before);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: before })).toBeVisible();
});

test("a change of role says how many tasks are reassigned", async ({ page, signIn }) => {
  await signIn("admin");
  await page.goto("/people?q=Grace");
  await page.getByRole("link", { name: /^Grace/ }).click();
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "Manager" }).click();
  await expect(page.getByText(/open tasks? (is|are) reassigned|has no open task/)).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Change to Manager" })).toBeVisible();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
});

test("an admin creates and revokes an API token", async ({ page, signIn }) => {
  await signIn("admin");
  await page.goto("/account");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("Nightly report");
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("textbox", { name: "Token" })).toHaveValue(/^pwk_/);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: "Revoke the token: Nightly report" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("You have no token.")).toBeVisible();
});

test("an admin imports more people than one request takes, and continues after a failure", async ({ page, signIn }) => {
  await signIn("admin");
  await page.goto("/people");
  await page.getByRole("button", { name: "Import a file" }).click();
  const dialog = page.getByRole("dialog", { name: "Import a file" });
  const stamp = Date.now();
  // Managers get no tasks, so the other stories keep theirs.
  const row = (number: number) => `many.${number}.${stamp}@demo.example,Many ${number},manager`;
  const choose = (rows: string[]) =>
    dialog.locator("input[type=file]").setInputFiles({
      name: "people.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(["email,name,role", ...rows].join("\n")),
    });
  const rows = Array.from({ length: 1_100 }, (_, index) => row(index));
  // The line of the file, also in the third request.
  await choose([...rows.slice(0, 1_050), "nobody@,Nobody,worker", ...rows.slice(1_050)]);
  await expect(dialog.getByText(/^Line 1,052: email: /)).toBeVisible();

  await choose([...rows, row(3)]);
  await expect(
    dialog.getByText("1,100 people would be added. 1 address is known already and is skipped."),
  ).toBeVisible();
  await dialog.getByRole("checkbox", { name: "Mail everyone an invitation" }).uncheck();
  let requests = 0;
  await page.route("**/api/v1/people/batch", (route) => {
    requests += 1;
    return requests === 2 ? route.abort() : route.continue();
  });
  await dialog.getByRole("button", { name: "Add 1,100 people" }).click();
  await expect(
    dialog.getByText("500 people added. 600 are not sent yet. Send the rest: nobody is added twice."),
  ).toBeVisible();
  await expect(dialog.getByText("500 of 1,100 people", { exact: true })).toBeVisible();
  await dialog.getByRole("button", { name: "Send the rest" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText("1,100 people added")).toBeVisible();
  expect(requests).toBe(4);
});

test("an admin reads the audit trail in words", async ({ page, request, signIn }) => {
  const api = await apiOf(request, "admin");
  const email = `audited.${Date.now()}@demo.example`;
  const name = `Audited ${Date.now()}`;
  await api.post("/people", { email, name, role: "manager", invite: false });
  await signIn("admin");
  await page.goto("/system/audit?action=person_created");
  const record = page.getByRole("row").filter({ has: page.getByRole("link", { name }) });
  await expect(record).toContainText("Person added");
  await expect(record).toContainText("Role: Manager");
});

test("an admin who has lost the connection still opens the pages of the office", async ({ page, context, signIn }) => {
  await signIn("admin");
  const office = page.waitForResponse(/\/assets\/office-.*\.js$/);
  await page.goto("/my-tasks");
  await (await office).finished();
  await context.setOffline(true);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "People" }).click();
  await expect(page.getByRole("heading", { name: "People", level: 1 })).toBeVisible();
});

test("what an admin typed of a person survives a navigation and a reload", async ({ page, signIn }) => {
  await signIn("admin");
  await page.goto("/people?q=ines");
  await page.getByRole("link", { name: /^Inês/ }).click();
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Half a name");
  await page.getByRole("link", { name: "All people" }).click();
  await page.goBack();
  await expect(name).toHaveValue("Half a name");
  await page.reload();
  await expect(name).toHaveValue("Half a name");
});

test("an admin sees the databases beside the modules", async ({ page, signIn }) => {
  await signIn("admin");
  await page.goto("/system/modules");
  const tracker = page.getByRole("region", { name: "tracker" });
  await expect(tracker).toContainText("Fine");
  await expect(page.getByRole("region", { name: "People and sign-in" })).toContainText("Fine");
  // One of them is lost.
  await page.route("**/readyz", async (route) => {
    const response = await route.fetch();
    const state = await response.json();
    state.databases.tracker.writes = false;
    await route.fulfill({ status: 503, json: state });
  });
  await page.reload();
  await expect(tracker).toContainText("Needs a person");
  await expect(tracker).toContainText("do not work");
});

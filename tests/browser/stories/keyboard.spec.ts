import type { Locator, Page } from "@playwright/test";
import { newPerson, unique } from "../harness/people";
import { expect, test } from "../harness/test";

/** Presses `g` and a letter. A person does not wait for the page between the two. */
const goTo = (page: Page, letter: string) =>
  Promise.all([page.keyboard.press("g"), page.keyboard.press(letter)]);

test("a worker does everything with the keyboard", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/wallet");
  await expect(page.getByRole("heading", { name: "Wallet" })).toBeVisible();
  await goTo(page, "m");
  await expect(page.getByRole("heading", { name: "My tasks" })).toBeFocused();
  await expect(page.getByRole("table", { name: "My tasks" })).toBeVisible();
  await page.keyboard.press("j");
  const first = page.getByRole("row").nth(1);
  await expect(first.getByRole("link")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(first.getByRole("link")).toBeFocused();
  await page.keyboard.press("e");
  await expect(first.getByText("Completed")).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("wallet");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Wallet" })).toBeVisible();
});

test("the keys are physical, off while typing, and can be switched off", async ({ page, signIn }) => {
  await signIn("worker");
  await page.goto("/tasks");
  await expect(page.getByRole("table")).toBeVisible();
  const pressCyrillic = () =>
    page.evaluate(() =>
      document.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyC", key: "с", bubbles: true })),
    );
  await pressCyrillic();
  await expect(page.getByRole("dialog", { name: "New task" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search" })).toBeFocused();
  await page.keyboard.type("c");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.goto("/account");
  await page.getByRole("switch", { name: "Single-key shortcuts" }).click();
  await page.getByRole("heading", { name: "Account" }).click();
  await pressCyrillic();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

/** Presses Tab until the focus is there, as a person without a mouse does. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const isThere = () => target.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 40 && !(await isThere()); presses += 1) await page.keyboard.press("Tab");
  await expect(target).toBeFocused();
}

test("a worker signs in, creates a task and finds it with the keyboard alone", async ({ page, request }) => {
  const worker = await newPerson(request, "manager", "Mara");
  await page.goto("/login");
  await tabTo(page, page.getByLabel("E-mail address"));
  await page.keyboard.type(worker.email);
  await tabTo(page, page.getByLabel("Password", { exact: true }));
  await page.keyboard.type(worker.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Board", level: 1 })).toBeVisible();
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();

  await page.keyboard.press("c");
  const form = page.getByRole("dialog", { name: "New task" });
  await expect(form.getByRole("textbox", { name: "Task" })).toBeFocused();
  const title = unique("Paint the fence");
  await page.keyboard.type(title);
  await tabTo(page, form.getByRole("textbox", { name: "Description" }));
  await page.keyboard.type("The one behind the barn");
  await tabTo(page, form.getByRole("button", { name: "Create" }));
  await page.keyboard.press("Enter");
  await expect(form).toHaveCount(0);
  await expect(page.getByRole("table", { name: "Board" }).getByRole("link", { name: title })).toBeVisible();

  // The palette finds the task by its name.
  await page.keyboard.press("Control+k");
  await page.keyboard.type(title);
  await expect(page.getByRole("dialog").getByRole("button", { name: title })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: title, level: 1 })).toBeFocused();
  await expect(page.getByText("The one behind the barn")).toBeVisible();
});

test("a manager cancels and confirms a reassign with the keyboard alone", async ({ page, request, signIn }) => {
  await signIn(await newPerson(request, "manager", "Mara"));
  await page.goto("/wallet");
  await expect(page.getByRole("heading", { name: "Wallet", level: 1 })).toBeVisible();
  await goTo(page, "r");
  await expect(page.getByRole("heading", { name: "Reassign", level: 1 })).toBeFocused();
  const begin = page.getByRole("button", { name: /^Reassign all open tasks/ });
  await expect(begin).toBeVisible();
  await tabTo(page, begin);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Reassign all open tasks?" });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(begin).toBeFocused();
  await page.keyboard.press("Space");
  await tabTo(page, dialog.getByRole("button", { name: "Cancel" }));
  await page.keyboard.press("Space");
  await expect(dialog).toHaveCount(0);
  await expect(begin).toBeFocused();
  await expect(page).toHaveURL(/\/reassign$/);
  await page.keyboard.press("Enter");
  await tabTo(page, dialog.getByRole("button", { name: /^Reassign [\d,]+ tasks for/ }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Reassign", level: 1 })).toBeFocused();
  await expect(page.getByText("All tasks of this reassign are done.")).toBeVisible();
});

test("the focus returns to where it was when a drawer, the palette or the help closes", async ({
  page,
  request,
  signIn,
}) => {
  await signIn(await newPerson(request, "manager", "Mara"));
  await page.goto("/tasks");
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
  const link = page.getByRole("row").nth(2).getByRole("link");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(link).toBeFocused();
  for (const [keys, name] of [
    ["c", "New task"],
    ["?", "Keyboard shortcuts"],
    ["Control+k", "Find pages and tasks"],
    ["Meta+k", "Find pages and tasks"],
  ] as const) {
    await test.step(keys, async () => {
      await page.keyboard.press(keys);
      const overlay = page.getByRole("dialog", { name });
      await expect(overlay).toBeVisible();
      await expect(link).not.toBeFocused();
      await page.keyboard.press("Escape");
      await expect(overlay).toHaveCount(0);
      await expect(link).toBeFocused();
    });
  }
});

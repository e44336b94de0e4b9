import { newPerson } from "../harness/people";
import { apiOf, expect, test } from "../harness/test";

test("a person changes to Russian, and a Russian form says in Russian what is wrong", async ({
  page,
  request,
  signIn,
}) => {
  const person = await newPerson(request, "manager", "Mara");
  await signIn(person);
  await page.goto("/tasks");
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitemradio", { name: "Русский" }).click();
  await expect(page.getByRole("heading", { name: "Все задачи", level: 1 })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ru");
  await page.getByRole("button", { name: "Новая задача" }).click();
  const form = page.getByRole("dialog", { name: "Новая задача" });
  await form.getByRole("textbox", { name: "Задача" }).fill("Починить забор");
  const reference = form.getByRole("textbox", { name: "Номер" });
  await reference.fill("no reference");
  await form.getByRole("button", { name: "Создать" }).click();
  await expect(reference).toHaveAttribute("aria-invalid", "true");
  await expect(reference).toHaveAccessibleDescription(/Номер выглядит так: POP-42\./);
  await expect(form.getByRole("alert").first()).toContainText("Проверьте отмеченные поля.");
  await form.getByRole("button", { name: "Отмена" }).click();
  // The account has the language, so the mails have it, and another browser.
  const api = await apiOf(request, person);
  await expect.poll(async () => (await api.get("/me")).language).toBe("ru");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Все задачи", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Язык" }).click();
  await page.getByRole("menuitemradio", { name: "English" }).click();
  await expect(page.getByRole("heading", { name: "Board", level: 1 })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
});

test("a person changes the theme, and it stays", async ({ page, request, signIn }) => {
  await signIn(await newPerson(request, "manager", "Mara"));
  await page.goto("/account");
  const html = page.locator("html");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const choose = async (before: string, theme: string) => {
    await page.getByRole("banner").getByRole("button", { name: "Theme" }).click();
    await expect(page.getByRole("menuitemradio", { name: before })).toBeChecked();
    const item = page.getByRole("menuitemradio", { name: theme });
    await item.click();
    await expect(item).toHaveCount(0);
  };
  await expect(html).toHaveAttribute("data-mantine-color-scheme", "light");
  const light = await background();
  await choose("As the system", "Dark");
  await expect(html).toHaveAttribute("data-mantine-color-scheme", "dark");
  const dark = await background();
  expect(dark).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Account", level: 1 })).toBeVisible();
  await expect(html).toHaveAttribute("data-mantine-color-scheme", "dark");
  expect(await background()).toBe(dark);
  // The system is light here.
  await choose("Dark", "As the system");
  await expect(html).toHaveAttribute("data-mantine-color-scheme", "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(html).toHaveAttribute("data-mantine-color-scheme", "dark");
});

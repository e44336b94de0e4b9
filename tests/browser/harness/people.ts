// People and tasks that belong to one story, and the mails that the program writes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { APIRequestContext, Page } from "@playwright/test";
import { apiOf, type Credentials, expect, type Person } from "./test";

export type Account = Credentials & { id: string; name: string };

let number = 0;

/** A name that no other story has. */
export const unique = (name: string) => `${name} ${Date.now()}${number++}`;

/** The address of a person of that name. */
export const addressOf = (name: string) => `${name.toLowerCase().replaceAll(" ", ".")}@demo.example`;

/** A person with a password, created by the admin of the demo. */
export async function newPerson(request: APIRequestContext, role: Person, firstName: string): Promise<Account> {
  const name = unique(firstName);
  const account = { email: addressOf(name), password: "a long and quiet river" };
  const api = await apiOf(request, "admin");
  const { id } = await api.post("/people", { ...account, name, role });
  expect(id).toBeTruthy();
  return { ...account, id, name };
}

type Task = { id: string; title: string; assignee: { id: string } };

/** Creates tasks until the draw has given the person some, and returns these. */
export async function newTasksOf(request: APIRequestContext, { id }: { id: string }, title: string): Promise<Task[]> {
  const api = await apiOf(request, "manager");
  const mine: Task[] = [];
  await expect
    .poll(async () => {
      const { items } = await api.post("/tasks/batch", { tasks: Array.from({ length: 20 }, () => ({ title })) });
      mine.push(...items.filter(({ assignee }: Task) => assignee.id === id));
      return mine.length;
    })
    .toBeGreaterThan(0);
  return mine;
}

/** The person completes the tasks, and the rewards are booked. Nothing was completed before. */
export async function completeTasks(request: APIRequestContext, person: Account, tasks: Task[]): Promise<void> {
  const api = await apiOf(request, person);
  await api.post("/tasks/complete-batch", { task_ids: tasks.map(({ id }) => id) });
  await expect
    .poll(async () => (await api.get("/wallets/me/transfers?kind=completion_reward")).items.length)
    .toBe(tasks.length);
}

/** Fills and sends the form of the sign-in page. */
export async function fillSignIn(page: Page, { email, password }: Credentials): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const decoded = (mail: string) =>
  mail
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** The link to a new password in the mail to that address. The demo writes its mails into files. */
export async function linkOfMail(email: string): Promise<string> {
  const folder = join(process.env.PIECEWORK_DATA ?? "", "demo/mail");
  let link: string | undefined;
  await expect
    .poll(() => {
      const mails = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
      const mail = mails.find((text) => text.includes(`<${email}>`));
      link = mail && /^http\S+#token=\S+$/m.exec(decoded(mail))?.[0];
      return link;
    })
    .toBeDefined();
  return link ?? "";
}

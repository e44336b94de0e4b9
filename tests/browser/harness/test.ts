// What every story has: a page of the running program, people who sign in, and a watch over the CSP.
import AxeBuilder from "@axe-core/playwright";
import { type APIRequestContext, type BrowserContext, expect, type Page, test as base } from "@playwright/test";

export { expect };

export const PASSWORD = () => process.env.PIECEWORK_PASSWORD ?? "";
export const address = (person: Person) => `${PEOPLE[person]}@demo.example`;

const PEOPLE = { worker: "wim", accountant: "anna", manager: "max", admin: "ada" } as const;
export type Person = keyof typeof PEOPLE;
export type Credentials = { email: string; password: string };

type Fixtures = {
  /** Signs a person in without the sign-in page. */
  signIn: (who: Person | Credentials, context?: BrowserContext) => Promise<void>;
};

const credentials = (who: Person | Credentials): Credentials =>
  typeof who === "string" ? { email: address(who), password: PASSWORD() } : who;

export const test = base.extend<Fixtures & { watched: undefined }>({
  baseURL: async ({}, use) => use(process.env.PIECEWORK_URL ?? ""),

  signIn: async ({ context, baseURL }, use) => {
    await use(async (who, other) => {
      const { email, password } = credentials(who);
      const response = await (other ?? context).request.post(`${baseURL}/api/v1/auth/login`, {
        headers: { "Sec-Fetch-Site": "same-origin" },
        data: { email, password, cookies: true },
      });
      expect(response.status()).toBe(200);
    });
  },

  // No story may break the CSP, throw in the page or ask another origin.
  watched: [
    async ({ context, baseURL }, use) => {
      const wrong: string[] = [];
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
          console.error(`CSP violation: ${violatedDirective} ${blockedURI}`);
        });
      });
      context.on("console", (message) => {
        if (/CSP violation|Content Security Policy/.test(message.text())) wrong.push(message.text());
      });
      context.on("weberror", (error) => wrong.push(String(error.error())));
      context.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol.startsWith("http") && url.origin !== baseURL) wrong.push(`request to ${url.origin}`);
      });
      await use(undefined);
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

/** axe finds nothing, the page does not scroll sideways, and no text of a button is cut. */
export async function expectAccessible(page: Page): Promise<void> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  expect(found).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  const cut = await page.locator(".mantine-Button-label").evaluateAll((labels) =>
    labels
      .filter((label) => getComputedStyle(label).overflowY === "hidden" && label.scrollHeight > label.clientHeight)
      .map((label) => label.textContent),
  );
  expect(cut).toEqual([]);
}

/** A request as a program makes it, to prepare a story. */
export async function apiOf(request: APIRequestContext, who: Person | Credentials) {
  const url = process.env.PIECEWORK_URL;
  const { email, password } = credentials(who);
  const login = await request.post(`${url}/api/v1/auth/login`, { data: { email, password } });
  const { access_token } = await login.json();
  const headers = { Authorization: `Bearer ${access_token}` };
  return {
    get: async (path: string) => (await request.get(`${url}/api/v1${path}`, { headers })).json(),
    post: async (path: string, data: object = {}) =>
      (await request.post(`${url}/api/v1${path}`, { headers, data })).json(),
    delete: async (path: string) => {
      expect((await request.delete(`${url}/api/v1${path}`, { headers })).ok()).toBe(true);
    },
  };
}

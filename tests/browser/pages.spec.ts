// Every page in both themes, both languages, wide and narrow: axe finds nothing, nothing scrolls
// sideways, no CSP violation. The screenshots are in target/browser/pages.
import type { APIRequestContext, BrowserContext, Page } from "@playwright/test";
import { apiOf, expect, expectAccessible, type Person, test } from "./harness/test";

/** Stands behind the address of a list: the page that its first row leads to. */
const FIRST_ROW = " first row";

const PAGES: readonly [Person, string][] = [
  ["worker", "/my-tasks"],
  ["worker", "/tasks"],
  ["worker", "/tasks?status=all"],
  ["worker", `/my-tasks${FIRST_ROW}`],
  ["worker", "/wallet"],
  ["worker", `/wallet${FIRST_ROW}`],
  ["worker", "/account"],
  ["worker", "/no-such-page"],
  ["worker", "/people"],
  ["manager", "/reassign"],
  ["manager", `/reassign${FIRST_ROW}`],
  ["accountant", "/books/days"],
  ["accountant", `/books/days${FIRST_ROW}`],
  ["accountant", "/books/earnings"],
  ["accountant", "/books/wallets"],
  ["accountant", `/books/wallets${FIRST_ROW}`],
  ["accountant", "/books/payouts"],
  ["admin", "/analytics"],
  ["admin", "/people"],
  ["admin", `/people${FIRST_ROW}`],
  ["admin", "/system/modules"],
  ["admin", "/system/events"],
  ["admin", "/system/mail"],
  ["admin", "/system/audit"],
];

const PUBLIC = ["/login", "/forgot-password", "/set-password", "/set-password#token=t&first-admin"];

// Two views have both themes, both languages, and both widths. PIECEWORK_ALL_VIEWS=1 adds the other crossings of
// the three, to look at every screenshot.
const VIEWS = [
  { theme: "light", language: "en", width: 1280 },
  { theme: "dark", language: "ru", width: 360 },
  ...(process.env.PIECEWORK_ALL_VIEWS === "1"
    ? ([
        { theme: "dark", language: "en", width: 1280 },
        { theme: "light", language: "ru", width: 1280 },
        { theme: "dark", language: "ru", width: 1280 },
        { theme: "light", language: "en", width: 360 },
        { theme: "dark", language: "en", width: 360 },
        { theme: "light", language: "ru", width: 360 },
      ] as const)
    : []),
] as const;

async function loaded(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("status", { name: /Loading|Загрузка/ })).toHaveCount(0);
  await expect(page.locator(".mantine-Skeleton-root")).toHaveCount(0);
}

/** A run that is done, so that the page of the runs has a row. */
async function finishedRun(request: APIRequestContext): Promise<void> {
  const api = await apiOf(request, "manager");
  const isFinished = ({ status }: { status: string }) => status === "completed";
  if ((await api.get("/reassignments")).items.some(isFinished)) return;
  const { id } = await api.post("/reassignments");
  await expect.poll(async () => isFinished(await api.get(`/reassignments/${id}`))).toBe(true);
}

for (const { theme, language, width } of VIEWS) {
  test.describe(`${theme} ${language} ${width}`, () => {
    test.use({ viewport: { width, height: 800 }, colorScheme: theme, locale: language });

    const roles = [...new Set(PAGES.map(([person]) => person))];
    for (const person of ["nobody", ...roles] as const) {
      test(`the pages of ${person}`, async ({ page, context, request, signIn }) => {
        test.setTimeout(180_000);
        await context.addInitScript((chosen) => {
          // axe opens an empty page, which has no storage.
          if (location.protocol === "http:") localStorage.setItem("piecework.language", chosen);
        }, language);
        if (person !== "nobody") await signIn(person);
        if (person === "manager") await finishedRun(request);
        const paths = person === "nobody" ? PUBLIC : PAGES.filter(([of]) => of === person).map(([, path]) => path);
        for (const path of paths) {
          await test.step(path, async () => {
            const list = path.replace(FIRST_ROW, "");
            // Another fragment alone would load nothing.
            if (list.includes("#")) await page.goto("about:blank");
            await page.goto(list);
            await loaded(page);
            if (list !== path) {
              await page.locator("[data-row-link]").first().click();
              await expect(page).not.toHaveURL(list);
              await loaded(page);
            }
            const name = `${person}${path}`.replace(/[^a-z0-9-]+/gi, "_");
            await page.screenshot({
              path: `../../target/browser/pages/${name}-${theme}-${language}-${width}.png`,
              fullPage: true,
            });
            await expectAccessible(page);
          });
        }
      });
    }
  });
}

/** The bytes that come over the wire until the board is there, by path. */
async function bytesOfBoard(page: Page, context: BrowserContext): Promise<Map<string, number>> {
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  const paths = new Map<string, string>();
  const bytes = new Map<string, number>();
  client.on("Network.responseReceived", ({ requestId, response }) => {
    paths.set(requestId, new URL(response.url).pathname);
  });
  client.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const path = paths.get(requestId);
    if (path) bytes.set(path, (bytes.get(path) ?? 0) + encodedDataLength);
  });
  await page.goto("/tasks");
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
  await client.detach();
  return bytes;
}

const sum = (bytes: Iterable<number>) => [...bytes].reduce((total, size) => total + size, 0);
const isOfPage = ([path]: [string, number]) => !path.startsWith("/api/");

test("the first load of the board is small, and the next one is the page alone", async ({
  page,
  context,
  signIn,
}) => {
  await signIn("worker");
  const first = await bytesOfBoard(page, context);
  console.log(`the first load of the board: ${Math.round(sum(first.values()) / 1024)} KiB`);
  expect(sum(first.values())).toBeLessThan(260 * 1024);
  // A worker loads no page that is not theirs, and no language but their own.
  const names = [...first.keys()].map((path) => /^\/assets\/([a-z]+)-/.exec(path)?.[1]);
  expect(names).toContain("en");
  expect(names).not.toContain("ru");
  expect(names).not.toContain("office");
  const next = [...(await bytesOfBoard(page, context))].filter(isOfPage);
  console.log(`the next load of the board: ${sum(next.map(([, size]) => size))} bytes`);
  // Every file has a digest in its name, so the browser does not ask for it again.
  expect(sum(next.map(([, size]) => size))).toBeLessThan(2 * 1024);
});

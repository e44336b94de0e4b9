// Every page in both themes, both languages, wide and narrow: axe finds nothing, nothing scrolls
// sideways, no CSP violation. The screenshots are in target/browser/pages.
import type { Page } from "@playwright/test";
import { expect, expectAccessible, type Person, test } from "./harness/test";

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

// Two views have both themes, both languages, and both widths. PIECEWORK_ALL_VIEWS=1 adds the crossed ones, to
// look at every screenshot.
const VIEWS = [
  { theme: "light", language: "en", width: 1280 },
  { theme: "dark", language: "ru", width: 360 },
  ...(process.env.PIECEWORK_ALL_VIEWS === "1"
    ? ([
        { theme: "dark", language: "ru", width: 1280 },
        { theme: "light", language: "ru", width: 360 },
        { theme: "dark", language: "en", width: 360 },
      ] as const)
    : []),
] as const;

async function loaded(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("status", { name: /Loading|Загрузка/ })).toHaveCount(0);
  await expect(page.locator(".mantine-Skeleton-root")).toHaveCount(0);
}

for (const { theme, language, width } of VIEWS) {
  test.describe(`${theme} ${language} ${width}`, () => {
    test.use({ viewport: { width, height: 800 }, colorScheme: theme, locale: language });

    const roles = [...new Set(PAGES.map(([person]) => person))];
    for (const person of ["nobody", ...roles] as const) {
      test(`the pages of ${person}`, async ({ page, context, signIn }) => {
        test.setTimeout(180_000);
        await context.addInitScript((chosen) => {
          // axe opens an empty page, which has no storage.
          if (location.protocol === "http:") localStorage.setItem("piecework.language", chosen);
        }, language);
        if (person !== "nobody") await signIn(person);
        const paths = person === "nobody" ? PUBLIC : PAGES.filter(([of]) => of === person).map(([, path]) => path);
        for (const path of paths) {
          await test.step(path, async () => {
            const list = path.replace(FIRST_ROW, "");
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

test("the first load of the board is small", async ({ page, context, signIn }) => {
  await signIn("worker");
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  let bytes = 0;
  client.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto("/tasks");
  await expect(page.getByRole("table", { name: "Board" })).toBeVisible();
  console.log(`the first load of the board: ${Math.round(bytes / 1024)} KiB`);
  // A debug build has gzip only; a release build has brotli, which is an eighth smaller.
  expect(bytes).toBeLessThan(320 * 1024);
});

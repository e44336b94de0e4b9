import { newPerson, unique } from "../harness/people";
import { apiOf, expect, expectAccessible, test } from "../harness/test";

// The pages themselves are in pages.spec.ts.
for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("what opens over a page is accessible, wide and narrow", async ({ page, request, signIn }) => {
      test.setTimeout(120_000);
      const manager = await newPerson(request, "manager", "Mara");
      const title = unique("Paint the fence");
      await (await apiOf(request, manager)).post("/tasks", { title });
      await signIn(manager);
      // One row: axe reads what is over the page, not many rows behind it.
      await page.goto(`/tasks?q=${encodeURIComponent(title)}`);
      await expect(page.getByRole("table", { name: "Board" }).getByRole("link", { name: title })).toBeVisible();
      const press = (keys: string) => () => page.keyboard.press(keys);
      const click = (name: string) => () => page.getByRole("button", { name, exact: true }).click();
      const check = (name: string, open: () => Promise<void>) =>
        test.step(name, async () => {
          await open();
          const overlay = page.getByRole("dialog", { name, exact: true });
          await expect(overlay).toBeVisible();
          // Its transition is over, so that the contrast is that of the colours.
          await expect(overlay).toHaveCSS("opacity", "1");
          await expect(overlay).toHaveCSS("transform", "none");
          await expectAccessible(page);
          await page.keyboard.press("Escape");
          await expect(overlay).toHaveCount(0);
        });
      await check("New task", press("c"));
      await check("Keyboard shortcuts", press("?"));
      await check("Find pages and tasks", press("Control+k"));
      await page.setViewportSize({ width: 360, height: 800 });
      await check("Filters", click("Filter"));
      await check("New task", press("c"));
      await check("Find pages and tasks", press("Control+k"));
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto("/reassign");
      await check("Reassign all open tasks?", click("Reassign all open tasks …"));
    });
  });
}

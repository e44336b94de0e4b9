import { expect, test } from "../harness/test";

test("a manager sees the sum, confirms it, and watches the run, also when the stream is cut", async ({
  page,
  signIn,
}) => {
  // Without the stream the page asks.
  await page.route("**/api/v1/events", (route) => route.abort());
  await signIn("manager");
  await page.goto("/");
  await expect(page).toHaveURL(/\/tasks$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Reassign" }).click();
  await page.getByRole("button", { name: /^Reassign all open tasks/ }).click();
  const dialog = page.getByRole("dialog", { name: "Reassign all open tasks?" });
  const confirm = dialog.getByRole("button", { name: /^Reassign \d+ tasks for \$[\d,]+\.\d\d$/ });
  await expect(confirm).toBeVisible();
  await confirm.click();
  await expect(page).toHaveURL(/\/reassign\/[0-9a-f-]+$/);
  await expect(page.getByText("All tasks of this reassign are done.")).toBeVisible();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toHaveAttribute("aria-valuenow", "100");
  await page.getByRole("link", { name: "All reassigns" }).click();
  await expect(page.getByRole("table", { name: "Reassigns so far" }).getByText("Finished").first()).toBeVisible();
});

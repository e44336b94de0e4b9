import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: ["stories/*.spec.ts", "*.spec.ts"],
  // One company for all stories; each story works with people and tasks of its own.
  workers: 1,
  fullyParallel: false,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  retries: 0,
  forbidOnly: true,
  globalSetup: "./harness/start.ts",
  reporter: [["list"]],
  outputDir: "../../target/browser/results",
  use: {
    browserName: "chromium",
    launchOptions: {
      // Debian's; nothing is downloaded.
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    },
    locale: "en-US",
    colorScheme: "light",
    viewport: { width: 1280, height: 800 },
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
});

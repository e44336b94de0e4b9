import { readFileSync } from "node:fs";
import { basename } from "node:path";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The program that `npm run dev` and `npm run preview` talk to.
const program = process.env.PIECEWORK_URL ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(
  ["/api", "/readyz"].map((path) => [path, { target: program, changeOrigin: false }]),
);

/** Gives a script that runs before the modules a name with a digest, so that it is asked for once. */
function hashedScript(path: string): Plugin {
  const name = basename(path);
  return {
    name: "hashed-script",
    apply: "build",
    buildStart() {
      this.emitFile({ type: "asset", name, source: readFileSync(path) });
    },
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        const script = Object.values(bundle ?? {}).find(
          (file) => file.type === "asset" && file.names.includes(name),
        );
        if (!script) throw new Error(`${path} is not in the bundle`);
        return html.replace(`"/${path}"`, `"/${script.fileName}"`);
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), hashedScript("src/shell/theme-before-paint.js")],
  // The program replaces it by the nonce of each answer (`app/src/http/pages.rs`).
  html: { cspNonce: "__CSP_NONCE__" },
  server: { proxy, watch: { ignored: ["**/dist*/**"] } },
  preview: { proxy },
  build: {
    target: "es2023",
    // The build is compared byte by byte, and no map with sources is shipped.
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The base has the highest priority: a group takes along what its modules import.
            {
              name: "base",
              priority: 30,
              test: /node_modules[\\/](react|react-dom|scheduler|@mantine[\\/](core|hooks|notifications|spotlight|store)|@floating-ui|@tanstack|i18next|react-i18next|openapi-fetch|clsx|get-nonce|react-remove-scroll|react-remove-scroll-bar|react-style-singleton|use-callback-ref|use-sidecar|tslib|use-sync-external-store|react-transition-group|lucide-react|html-parse-stringify|void-elements|dom-helpers)[\\/]/,
            },
            // What everybody loads first. The pages of the office, languages, charts and calendars come later.
            {
              name: "app",
              priority: 10,
              test: /src[\\/](?!locales[\\/](en|ru)|main|pages[\\/](office|analytics|books|people|reassign|system)|parts[\\/](chart-drawing|day-range|earnings-columns|figure|section))/,
            },
            {
              name: "charts",
              priority: 20,
              test: /node_modules[\\/](@mantine[\\/]charts|recharts|d3-|victory-)/,
            },
          ],
        },
      },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});

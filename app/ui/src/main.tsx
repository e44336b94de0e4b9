import "./mantine.css";
import "./style.css";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isTransient } from "./api/problem";
import { startTranslations } from "./locales";
import { createAppRouter } from "./router";
import { followSession } from "./shell/follow-session";
import { colorSchemes, cssVariables, theme } from "./shell/theme";

// The CSP allows style elements with the nonce of this answer only.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce);
const element = document.getElementById("root");
if (!element) throw new Error("the page has no root");
try {
  await startTranslations();
} catch (error) {
  // There are no texts to show it with.
  element.textContent =
    "Piecework cannot be loaded. Reload the page. · Piecework не загружается. Обновите страницу.";
  throw error;
}

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 30 * 60_000,
      retry: (failures, error) => failures < 2 && isTransient(error),
    },
  },
});
const router = createAppRouter(queryClient);
followSession(router, queryClient);

createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        colorSchemeManager={colorSchemes}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
        // The theme computes every variable, so the sheet has none: it is smaller.
        deduplicateCssVariables={false}
      >
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
);

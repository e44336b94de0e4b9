// What all tabs do when the session of the browser begins or ends.
import type { QueryClient } from "@tanstack/react-query";
import { meQuery } from "../api/me";
import { onSessionChange } from "../api/session";
import { forgetCompletions } from "../live/completions";
import { forgetDrafts } from "../parts/use-draft";
import type { createAppRouter } from "../router";
import { ownPath } from "./own-path";

export function followSession(router: ReturnType<typeof createAppRouter>, queryClient: QueryClient): void {
  onSessionChange((change) => {
    const isSignInPage = router.state.location.pathname === "/login";
    if (change === "began") {
      queryClient.clear();
      if (isSignInPage) router.history.push(ownPath(router.state.location.search.return_to) ?? "/");
      else void router.invalidate();
      return;
    }
    // Who signs out leaves nothing behind. A session that expires loses no text.
    if (change === "left") forgetDrafts();
    // Before the cache is empty: the shell's `beforeLoad` asks who is signed in.
    queryClient.removeQueries({ queryKey: meQuery.queryKey });
    if (isSignInPage) return;
    const { href } = router.state.location;
    const search = href === "/" || change === "left" ? {} : { return_to: href };
    void router.navigate({ to: "/login", search, ignoreBlocker: true }).then(() => {
      queryClient.clear();
      forgetCompletions();
    });
  });
}

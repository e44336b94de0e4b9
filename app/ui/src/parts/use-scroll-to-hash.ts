import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";

/**
 * Scrolls to the heading that the address names, and gives it the focus. It waits until everything
 * above the heading is loaded, because what is loaded later moves the heading away.
 */
export function useScrollToHash(isLoaded: boolean): void {
  const hash = useLocation({ select: ({ hash }) => hash });
  useEffect(() => {
    const heading = isLoaded && hash !== "" ? document.getElementById(hash) : null;
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  }, [isLoaded, hash]);
}

// What was typed survives an error, a navigation and a reload. Kept per form and person in this tab,
// removed when it was sent.
import { useCallback, useEffect, useState } from "react";

const PREFIX = "piecework.draft.";

function read<T extends object>(key: string, initial: T): T {
  try {
    const stored = sessionStorage.getItem(PREFIX + key);
    return stored ? { ...initial, ...(JSON.parse(stored) as Partial<T>) } : initial;
  } catch {
    return initial;
  }
}

/** Forgets what was typed in this tab and not sent. */
export function forgetDrafts(): void {
  try {
    const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    for (const key of keys) sessionStorage.removeItem(key);
  } catch {
    // Nothing was stored.
  }
}

export function useDraft<T extends object>(
  form: string,
  personId: string,
  initial: T,
): { draft: T; change: (change: Partial<T>) => void; clear: () => void } {
  const key = `${form}.${personId}`;
  const [empty] = useState(initial);
  const [draft, setDraft] = useState(() => read(key, empty));
  const [isTouched, setTouched] = useState(false);

  useEffect(() => {
    if (!isTouched) return;
    try {
      sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
    } catch {
      // Without storage the draft lives as long as the form.
    }
  }, [draft, isTouched, key]);

  const change = useCallback((change: Partial<T>) => {
    setTouched(true);
    setDraft((draft) => ({ ...draft, ...change }));
  }, []);

  const clear = useCallback(() => {
    setTouched(false);
    setDraft(empty);
    try {
      sessionStorage.removeItem(PREFIX + key);
    } catch {
      // Nothing was stored.
    }
  }, [empty, key]);

  return { draft, change, clear };
}

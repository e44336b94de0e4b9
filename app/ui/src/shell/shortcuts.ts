// Single keys, by their place on the keyboard, so that a Cyrillic layout works. Off while typing and in
// dialogs, and can be switched off (WCAG 2.1.4).
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useMe } from "../api/me";
import { openCreateTask } from "../pages/board/create-task";
import { pagesOf } from "./navigation";

const KEY = "piecework.shortcuts";
const SEQUENCE_MS = 1_500;

let areOn = readSetting();
const listeners = new Set<() => void>();

function readSetting(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function setShortcuts(on: boolean): void {
  areOn = on;
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // The choice then lasts as long as the tab.
  }
  for (const listener of listeners) listener();
}

export function useShortcutsOn(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => areOn,
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const isInDialog = () => document.querySelector("[role=dialog]") !== null;

/** Moves the focus to the link of the next or the previous row. */
function moveRow(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-row] [data-row-link]")];
  const current = links.findIndex((link) => link.closest("[data-row]")?.contains(document.activeElement));
  const next = current === -1 ? (step === 1 ? 0 : links.length - 1) : current + step;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

function completeRow(): void {
  const row = document.activeElement?.closest("[data-row]");
  // On the page of a task, its own button.
  const button = (row ?? document).querySelector<HTMLElement>("[data-complete]");
  if (row || document.querySelectorAll("[data-complete]").length === 1) button?.click();
}

/** Installs the keys. Once, in the shell. */
export function useShortcuts({
  openHelp,
  openPalette,
}: {
  openHelp: () => void;
  openPalette: () => void;
}): void {
  const router = useRouter();
  const me = useMe();
  const on = useShortcutsOn();
  // When `g` was pressed. It outlives a change of the person's data between the two keys.
  const wentAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      // The palette needs a modifier, so it is never in the way.
      if (event.code === "KeyK" && (event.metaKey || event.ctrlKey) && !event.altKey) {
        event.preventDefault();
        openPalette();
        return;
      }
      if (!on || event.metaKey || event.ctrlKey || event.altKey || event.repeat) return;
      if (isTyping(event.target) || isInDialog()) return;
      const run = (action: () => void) => {
        event.preventDefault();
        action();
      };
      // The time of the key, not that of a busy page.
      if (event.timeStamp - wentAt.current < SEQUENCE_MS) {
        wentAt.current = Number.NEGATIVE_INFINITY;
        const page = pagesOf(me).find(({ key }) => key === event.code);
        if (page) run(() => void router.navigate({ to: page.to }));
        return;
      }
      // A question mark has no fixed place; the key of the slash with shift is also one.
      if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) return run(openHelp);
      if (event.shiftKey) return;
      if (event.code === "KeyG") wentAt.current = event.timeStamp;
      if (event.code === "KeyC") run(openCreateTask);
      if (event.code === "Slash") run(() => document.querySelector<HTMLElement>("[data-search]")?.focus());
      if (event.code === "KeyJ") run(() => moveRow(1));
      if (event.code === "KeyK") run(() => moveRow(-1));
      if (event.code === "KeyE") run(completeRow);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [router, me, on, openHelp, openPalette]);
}

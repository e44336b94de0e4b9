// Rows that keep their places while a person points at them or types in them. A row that moves under the
// pointer makes the next click complete another task.
import { useTimeout } from "@mantine/hooks";
import { useMemo, useRef, useState } from "react";
import { keepInPlace } from "../live/keep-in-place";

/** Time from the last movement until the rows are shown as they were read. */
const HOLD_MS = 2_000;

type Identified = { id: string };

/**
 * The rows in the places that they had, with what was read of them. A row that is gone stays. New rows
 * are added at the end only, which is where "show more" has them.
 */
export function inPlace<Row extends Identified>(shown: readonly Row[], fresh: readonly Row[]): Row[] {
  const read = new Map(fresh.map((row) => [row.id, row]));
  const ids = new Set(shown.map(({ id }) => id));
  const lastKnown = fresh.findLastIndex(({ id }) => ids.has(id));
  return [...shown.map((row) => read.get(row.id) ?? row), ...fresh.slice(lastKnown + 1)];
}

/** The row with the focus does not vanish, or the keyboard would begin at the top again. */
function hasFocus(id: string): boolean {
  return document.activeElement?.closest("[data-row]")?.getAttribute("data-row") === id;
}

/** `list` names what is listed: another list is shown as it was read. The handlers belong to the table. */
export function useSteadyRows<Row extends Identified>(rows: Row[], list: string) {
  const [isInUse, setInUse] = useState(false);
  const release = useTimeout(() => setInUse(false), HOLD_MS);
  const shown = useRef({ list, rows });
  const steady = useMemo(() => {
    const before = shown.current.list === list ? shown.current.rows : [];
    const isHeld = isInUse && before.length > 0;
    const next = isHeld ? inPlace(before, rows) : keepInPlace(before, rows, hasFocus);
    shown.current = { list, rows: next };
    return next;
  }, [rows, list, isInUse]);
  const use = () => {
    setInUse(true);
    release.clear();
    release.start();
  };
  return { rows: steady, handlers: { onPointerMove: use, onPointerDown: use, onKeyDown: use } };
}

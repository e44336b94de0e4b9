import type { Task } from "../api/queries";

/**
 * The rows as they are now, with the tasks that were completed here kept in their places: a row that
 * vanishes under the pointer makes the next click complete another task.
 */
export function keepInPlace(
  previous: readonly Task[],
  fresh: readonly Task[],
  kept: (id: string) => boolean,
): Task[] {
  const rows = [...fresh];
  const present = new Set(fresh.map(({ id }) => id));
  previous.forEach((task, index) => {
    if (present.has(task.id) || !kept(task.id)) return;
    const before = previous.slice(0, index).findLast(({ id }) => rows.some((row) => row.id === id));
    const place = before ? rows.findIndex(({ id }) => id === before.id) + 1 : 0;
    rows.splice(place, 0, task);
  });
  return rows;
}

/**
 * The rows as they are now, with those of `kept` in the places that they had: a row that vanishes under
 * the pointer makes the next click complete another task.
 */
export function keepInPlace<Row extends { id: string }>(
  previous: readonly Row[],
  fresh: readonly Row[],
  kept: (id: string) => boolean,
): Row[] {
  const rows = [...fresh];
  const present = new Set(fresh.map(({ id }) => id));
  previous.forEach((gone, index) => {
    if (present.has(gone.id) || !kept(gone.id)) return;
    const before = previous.slice(0, index).findLast(({ id }) => rows.some((row) => row.id === id));
    const place = before ? rows.findIndex(({ id }) => id === before.id) + 1 : 0;
    rows.splice(place, 0, gone);
  });
  return rows;
}

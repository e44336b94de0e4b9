// The positions of the databases that the live stream has named. A read that follows an event asks a
// replica that has replayed it. After a minute every replica in use has replayed it.

const KEEP_MS = 60_000;
const positions = new Map<string, { position: string; until: number }>();

/** `position` is `tracker=0/16B3748`, after a failover `tracker=2:0/16B3748`. */
export function notePosition(position: string): void {
  const [database] = position.split("=");
  if (database) positions.set(database, { position, until: Date.now() + KEEP_MS });
}

/** The header of a read; null without a recent position. */
export function positionHeader(): string | null {
  const now = Date.now();
  const recent = [...positions.values()].filter(({ until }) => until > now);
  return recent.length > 0 ? recent.map(({ position }) => position).join(",") : null;
}

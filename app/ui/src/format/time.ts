// Times are shown in the company's zone. A business day is a text such as `2026-11-26` and is never
// read as a moment in the zone of the browser.

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, options);
    formatters.set(key, found);
  }
  return found;
}

/** A moment: `Nov 26, 14:05`, with the year if it is not `thisYear`. */
export function formatTime(moment: string, locale: string, zone: string, thisYear?: string): string {
  const date = new Date(moment);
  const year = formatter("en", { timeZone: zone, year: "numeric" }).format(date);
  return formatter(locale, {
    timeZone: zone,
    month: "short",
    day: "numeric",
    ...(year === thisYear ? {} : { year: "numeric" }),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(date);
}

/** A moment with seconds, the year and the zone, for a tooltip. */
export function formatExactTime(moment: string, locale: string, zone: string): string {
  return formatter(locale, {
    timeZone: zone,
    dateStyle: "long",
    timeStyle: "long",
  }).format(new Date(moment));
}

export type DayStyle = "short" | "long" | "axis";

const DAY_STYLES: Record<DayStyle, Intl.DateTimeFormatOptions> = {
  short: { weekday: "short", month: "short", day: "numeric" },
  long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  axis: { month: "short", day: "numeric" },
};

/** A business day: `Thu, Nov 26`. A text that is not a day is shown as it is. */
export function formatDay(day: string, locale: string, style: DayStyle = "short"): string {
  const parts = DAY.exec(day);
  if (!parts) return day;
  const date = new Date(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])));
  return formatter(locale, { timeZone: "UTC", ...DAY_STYLES[style] }).format(date);
}

/** The business day `days` after another one. */
export function addDays(day: string, days: number): string {
  const parts = DAY.exec(day);
  if (!parts) return day;
  const date = new Date(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + days));
  return date.toISOString().slice(0, 10);
}

/** The calendar day of a moment in a zone. */
export function dayOf(moment: Date, zone: string): string {
  const parts = formatter("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(moment);
}

/** The milliseconds that a zone's clock is ahead of UTC. */
function offsetOf(moment: Date, zone: string): number {
  const wall = formatter("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(moment);
  return Date.parse(`${wall.replace(" ", "T")}Z`) - moment.getTime();
}

/** The first moment of a calendar day in a zone, as the API takes it. */
export function startOfDay(day: string, zone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // The offset at the day's begin may differ from the one at midnight UTC: a change of the clock.
  const near = midnight - offsetOf(new Date(midnight), zone);
  return new Date(midnight - offsetOf(new Date(near), zone)).toISOString();
}

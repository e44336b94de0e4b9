import { describe, expect, it } from "vitest";
import { addDays, dayOf, formatDay, formatTime, startOfDay } from "./time";

describe("times", () => {
  it("are in the company's zone, not in that of the browser", () => {
    expect(formatTime("2026-11-26T23:30:00Z", "en", "Asia/Tokyo", "2026")).toBe("Nov 27, 08:30");
    expect(formatTime("2026-11-26T23:30:00Z", "en", "America/New_York", "2026")).toBe("Nov 26, 18:30");
  });

  it("name the year only if it is another one", () => {
    expect(formatTime("2025-12-31T12:00:00Z", "en", "UTC", "2026")).toBe("Dec 31, 2025, 12:00");
  });

  it("say midnight as 00", () => {
    expect(formatTime("2026-11-26T00:00:00Z", "en", "UTC", "2026")).toBe("Nov 26, 00:00");
  });
});

describe("a business day", () => {
  it("is a text and does not move with a zone", () => {
    expect(formatDay("2026-11-26", "en")).toBe("Thu, Nov 26");
    expect(formatDay("2026-11-26", "ru")).toBe("чт, 26 нояб.");
  });

  it("has neighbours across months and across changes of the clock", () => {
    expect(addDays("2026-03-01", -1)).toBe("2026-02-28");
    expect(addDays("2026-03-29", 1)).toBe("2026-03-30");
  });

  it("begins at midnight of the zone, also around a change of the clock", () => {
    expect(startOfDay("2026-11-26", "UTC")).toBe("2026-11-26T00:00:00.000Z");
    expect(startOfDay("2026-11-26", "Asia/Tokyo")).toBe("2026-11-25T15:00:00.000Z");
    expect(startOfDay("2026-03-29", "Europe/Berlin")).toBe("2026-03-28T23:00:00.000Z");
    expect(startOfDay("2026-03-30", "Europe/Berlin")).toBe("2026-03-29T22:00:00.000Z");
    expect(startOfDay("2026-11-01", "America/New_York")).toBe("2026-11-01T04:00:00.000Z");
    expect(startOfDay("2026-11-02", "America/New_York")).toBe("2026-11-02T05:00:00.000Z");
  });

  it("of a moment depends on the zone", () => {
    const moment = new Date("2026-11-26T23:30:00Z");
    expect(dayOf(moment, "UTC")).toBe("2026-11-26");
    expect(dayOf(moment, "Asia/Tokyo")).toBe("2026-11-27");
  });
});

import { describe, expect, it } from "vitest";
import { decimalText, formatMoney, sum } from "./money";

const usd = (amount_minor: number) => ({ amount_minor, currency: "USD" });
/** Non-breaking spaces as plain ones. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

describe("money", () => {
  it("is shown in the person's locale", () => {
    expect(formatMoney(usd(125_000), "en")).toBe("$1,250.00");
    expect(plain(formatMoney(usd(125_000), "ru"))).toBe("1 250,00 $");
  });

  it("has a typographic minus, and a plus where one is asked for", () => {
    expect(formatMoney(usd(-1250), "en")).toBe("−$12.50");
    expect(formatMoney(usd(4000), "en", { sign: "always" })).toBe("+$40.00");
    expect(formatMoney(usd(0), "en", { sign: "always" })).toBe("$0.00");
  });

  it("keeps every digit of a large amount", () => {
    expect(formatMoney(usd(9_007_199_254_740_991), "en")).toBe("$90,071,992,547,409.91");
  });

  it("knows currencies without and with three minor digits", () => {
    expect(decimalText({ amount_minor: -5, currency: "JPY" })).toBe("-5");
    expect(decimalText({ amount_minor: 5, currency: "BHD" })).toBe("0.005");
  });

  it("adds amounts as integers", () => {
    expect(sum([usd(10), usd(20)])).toEqual(usd(30));
    expect(sum([])).toBeNull();
  });
});

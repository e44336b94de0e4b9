// Amounts are integers in minor units. No floating-point number is made of them.

export type Money = { amount_minor: number; currency: string };

export type MoneyStyle = {
  /** `always`: a plus in front of an amount that was earned. */
  sign?: "auto" | "always";
};

/** Number of digits after the decimal separator (ISO 4217). */
export function minorDigits(currency: string): number {
  const options = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  return options.maximumFractionDigits ?? 2;
}

/** The amount as decimal text: `-12.50`. */
export function decimalText({ amount_minor, currency }: Money): `${number}` {
  const digits = minorDigits(currency);
  const sign = amount_minor < 0 ? "-" : "";
  const padded = String(Math.abs(amount_minor)).padStart(digits + 1, "0");
  const whole = padded.slice(0, padded.length - digits);
  const fraction = padded.slice(padded.length - digits);
  return (digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction}`) as `${number}`;
}

const formatters = new Map<string, Intl.NumberFormat>();

/** The amount in the person's locale: `$1,250.00`, `−12,50 $`. */
export function formatMoney(money: Money, locale: string, { sign = "auto" }: MoneyStyle = {}): string {
  const key = `${locale} ${money.currency} ${sign}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.NumberFormat(locale, {
      style: "currency",
      currency: money.currency,
      currencyDisplay: "narrowSymbol",
      signDisplay: sign === "always" ? "exceptZero" : "auto",
    });
    formatters.set(key, formatter);
  }
  // A text keeps all digits; the minus is the typographic one, as wide as the plus.
  return formatter.format(decimalText(money)).replace("-", "−");
}

/** The sum of amounts of one currency; null without amounts. */
export function sum(amounts: readonly Money[]): Money | null {
  const first = amounts[0];
  if (!first) return null;
  const amount_minor = amounts.reduce((total, amount) => total + amount.amount_minor, 0);
  return { amount_minor, currency: first.currency };
}

/** For axes only: the amount in whole units, which a chart needs as a number. */
export function chartValue({ amount_minor, currency }: Money): number {
  return amount_minor / 10 ** minorDigits(currency);
}

/** The amount of a value of a chart. */
export function moneyOf(chartValue: number, currency: string): Money {
  return { amount_minor: Math.round(chartValue * 10 ** minorDigits(currency)), currency };
}

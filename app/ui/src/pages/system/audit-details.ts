// The details of a record of the audit trail, in the words of the page.
import type { TFunction } from "i18next";

export type Detail = { name: string; label: string; value: string };

/** The text of a key that the program's answer names; the answer itself may be newer than the page. */
function known(t: TFunction, key: string): string | undefined {
  const text = t(key as never, { defaultValue: "" } as never) as unknown as string;
  return text === "" ? undefined : text;
}

/** Where the values of a detail have texts. */
const VALUES: Readonly<Record<string, string>> = {
  role: "roles",
  from: "roles",
  to: "roles",
  login_method: "audit.login_methods",
  request: "audit.requests",
  code: "problems",
};

export function detailsOf(
  t: TFunction,
  count: (value: number) => string,
  details: Readonly<Record<string, string>>,
): Detail[] {
  return Object.entries(details).map(([name, value]) => {
    const texts = VALUES[name];
    const isCount = /^\d{1,15}$/.test(value);
    return {
      name,
      label: known(t, `audit.names.${name}`) ?? name.replaceAll("_", " "),
      value: (texts && known(t, `${texts}.${value}`)) ?? (isCount ? count(Number(value)) : value),
    };
  });
}

// The details of a record of the audit trail, in the words of the page.
import type { TFunction } from "i18next";

export type Detail = { name: string; label: string; value: string; title?: string };

/** An id is long; its end tells it from others. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-([0-9a-f]{12})$/;

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
  module: "system.module_names",
};

export function detailsOf(
  t: TFunction,
  count: (value: number) => string,
  details: Readonly<Record<string, string>>,
): Detail[] {
  return Object.entries(details).map(([name, value]) => {
    const texts = VALUES[name];
    const id = ID.exec(value)?.[2];
    const isCount = /^\d{1,15}$/.test(value);
    return {
      name,
      label: known(t, `audit.names.${name}`) ?? name.replaceAll("_", " "),
      value:
        (texts && known(t, `${texts}.${value}`)) ?? (isCount ? count(Number(value)) : id ? `…${id}` : value),
      ...(id ? { title: value } : {}),
    };
  });
}

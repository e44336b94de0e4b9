// Money, counts and times in the person's language and the company's zone.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { companyQuery, DEFAULT_COMPANY } from "../api/company";
import { formatMoney, type Money, type MoneyStyle } from "../format/money";
import { type DayStyle, dayOf, formatDay, formatExactTime, formatTime } from "../format/time";

export type Format = {
  money: (money: Money, style?: MoneyStyle) => string;
  count: (count: number) => string;
  /** A moment in the company's zone. */
  time: (moment: string) => string;
  exactTime: (moment: string) => string;
  day: (day: string, style?: DayStyle) => string;
  /** The IANA name of the company's zone. */
  zone: string;
  /** The open business day. */
  today: string;
};

export function useFormat(): Format {
  const { i18n } = useTranslation();
  const { data: company = DEFAULT_COMPANY } = useQuery(companyQuery);
  const locale = i18n.language;
  return useMemo(() => {
    const zone = company.time_zone;
    const today = company.business_day ?? dayOf(new Date(), zone);
    const thisYear = today.slice(0, 4);
    const counts = new Intl.NumberFormat(locale);
    return {
      money: (money, style) => formatMoney(money, locale, style),
      count: (count) => counts.format(count),
      time: (moment) => formatTime(moment, locale, zone, thisYear),
      exactTime: (moment) => formatExactTime(moment, locale, zone),
      day: (day, style) => formatDay(day, locale, style),
      zone,
      today,
    };
  }, [locale, company]);
}

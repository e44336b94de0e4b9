// Money, counts and times in the person's language. Times are in the zone that the person has chosen,
// or else in the company's.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { companyQuery, DEFAULT_COMPANY } from "../api/company";
import { meQuery } from "../api/me";
import { formatMoney, type Money, type MoneyStyle } from "../format/money";
import { type DayStyle, dayOf, formatDay, formatExactTime, formatTime } from "../format/time";

export type Format = {
  money: (money: Money, style?: MoneyStyle) => string;
  count: (count: number) => string;
  /** A moment in `zone`. */
  time: (moment: string) => string;
  exactTime: (moment: string) => string;
  day: (day: string, style?: DayStyle) => string;
  /** The IANA name of the zone in which times are shown. */
  zone: string;
  /** That of the zone in which business days begin and end. */
  companyZone: string;
  /** The open business day. */
  today: string;
};

export function useFormat(): Format {
  const { i18n } = useTranslation();
  const { data: company = DEFAULT_COMPANY } = useQuery(companyQuery);
  // Before anybody is signed in, nobody asks who it is.
  const { data: me } = useQuery({ ...meQuery, enabled: false });
  const ownZone = me?.data.time_zone ?? null;
  const locale = i18n.language;
  return useMemo(() => {
    const companyZone = company.time_zone;
    const zone = ownZone ?? companyZone;
    const today = company.business_day ?? dayOf(new Date(), companyZone);
    const thisYear = today.slice(0, 4);
    const counts = new Intl.NumberFormat(locale);
    return {
      money: (money, style) => formatMoney(money, locale, style),
      count: (count) => counts.format(count),
      time: (moment) => formatTime(moment, locale, zone, thisYear),
      exactTime: (moment) => formatExactTime(moment, locale, zone),
      day: (day, style) => formatDay(day, locale, style),
      zone,
      companyZone,
      today,
    };
  }, [locale, company, ownZone]);
}

import "@mantine/dates/styles.css";
import "dayjs/locale/ru";
import { DatePickerInput } from "@mantine/dates";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays } from "../format/time";
import { useNarrow } from "./data-table";
import type { DayRangeProps } from "./day-range";
import { useFormat } from "./use-format";

/** Beside the calendar there is no room for them on a narrow screen. */
const PRESETS_ABOVE = {
  datePickerRoot: { flexDirection: "column" as const },
  presetsList: { borderInlineEnd: 0 },
};

export default function DayRangeCalendar({ from, to, onChange }: DayRangeProps) {
  const { t, i18n } = useTranslation();
  const { today, day } = useFormat();
  const isNarrow = useNarrow();
  const [value, setValue] = useState<[string | null, string | null]>([from ?? null, to ?? null]);
  useEffect(() => setValue([from ?? null, to ?? null]), [from, to]);
  const preset = (days: number) => ({
    value: [addDays(today, 1 - days), today] as [string, string],
    label: t("range.last", { count: days, number: String(days) }),
  });
  return (
    <DatePickerInput
      type="range"
      label={t("range.days")}
      placeholder={t("range.any")}
      locale={i18n.language}
      firstDayOfWeek={1}
      allowSingleDateInRange
      clearable
      clearButtonProps={{ "aria-label": t("range.clear") }}
      maxDate={today}
      presets={[preset(7), preset(30), preset(90)]}
      styles={isNarrow ? PRESETS_ABOVE : {}}
      value={value}
      valueFormatter={({ date }) => {
        const [first, last] = Array.isArray(date) ? date : [date, date];
        if (!first && !last) return "";
        return [first, last].map((end) => (typeof end === "string" ? day(end, "axis") : "…")).join(" – ");
      }}
      onChange={(range) => {
        const [first, last] = range;
        setValue(range);
        if (first && last) onChange({ from: first, to: last });
        if (!first && !last) onChange({ from: undefined, to: undefined });
      }}
      miw={240}
      popoverProps={{ trapFocus: true }}
    />
  );
}

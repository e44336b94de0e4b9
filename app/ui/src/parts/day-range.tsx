// A range of business days. The calendar is loaded when it is needed; without it, the browser's own
// fields do.
import { Group, Skeleton, TextInput } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Boundary } from "./boundary";

export type DayRangeProps = {
  from: string | undefined;
  to: string | undefined;
  /** Both ends, or none. */
  onChange: (range: { from: string; to: string } | { from: undefined; to: undefined }) => void;
};

const Calendar = lazy(() => import("./day-range-calendar"));

export function DayRange(props: DayRangeProps) {
  return (
    <Boundary fallback={() => <Fields {...props} />}>
      <Suspense fallback={<Skeleton width={260} height={60} />}>
        <Calendar {...props} />
      </Suspense>
    </Boundary>
  );
}

function Fields({ from, to, onChange }: DayRangeProps) {
  const { t } = useTranslation();
  const change = (from: string | undefined, to: string | undefined) =>
    onChange(from && to ? { from, to } : { from: undefined, to: undefined });
  return (
    <Group gap="xs">
      <TextInput
        type="date"
        label={t("range.from")}
        defaultValue={from}
        onChange={(event) => change(event.currentTarget.value, to)}
      />
      <TextInput
        type="date"
        label={t("range.to")}
        defaultValue={to}
        onChange={(event) => change(from, event.currentTarget.value)}
      />
    </Group>
  );
}

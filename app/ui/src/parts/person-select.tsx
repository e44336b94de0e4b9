// Chooses a person by name.
import { Select, type SelectProps } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "../api/me";
import { namesQuery } from "../api/people";

type Props = Omit<SelectProps, "value" | "onChange" | "data"> & {
  value: string | null;
  onChange: (id: string | null) => void;
  /** What is shown if nobody is chosen. */
  anybody: string;
};

const ANYBODY = "";

export function PersonSelect({ value, onChange, anybody, ...rest }: Props) {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const [isOpened, setOpened] = useState(false);
  // Nobody needs all names before the list is opened.
  const isNeeded = isOpened || (value !== null && value !== me.id);
  const { data: names } = useQuery({ ...namesQuery, enabled: isNeeded });
  const data = useMemo(() => {
    const others = [...(names ?? [])].filter(([id]) => id !== me.id);
    others.sort(([, left], [, right]) => left.localeCompare(right, i18n.language));
    return [
      { value: ANYBODY, label: anybody },
      { value: me.id, label: t("person.me", { name: me.name }) },
      ...others.map(([id, name]) => ({ value: id, label: name })),
    ];
  }, [names, me, anybody, t, i18n.language]);
  return (
    <Select
      data={data}
      value={value ?? ANYBODY}
      onChange={(id) => onChange(id || null)}
      allowDeselect={false}
      onDropdownOpen={() => setOpened(true)}
      searchable
      limit={50}
      nothingFoundMessage={t("person.not_found")}
      {...rest}
    />
  );
}

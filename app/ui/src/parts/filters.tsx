// The filters of a list: beside each other, or in a sheet where there is no room for them.
import { Button, SimpleGrid } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ListFilter } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "./data-table";
import { SideDrawer } from "./side-drawer";

type Props = {
  /** The values of the filters. The button of the sheet shows how many are chosen. */
  values: readonly unknown[];
  children: ReactNode;
};

export function Filters({ values, children }: Props) {
  const isNarrow = useNarrow();
  return isNarrow ? <FilterSheet values={values}>{children}</FilterSheet> : children;
}

function FilterSheet({ values, children }: Props) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure();
  const chosen = values.filter((value) => value !== undefined).length;
  return (
    <>
      <Button variant="default" leftSection={<ListFilter size={16} aria-hidden />} onClick={open}>
        {chosen > 0 ? `${t("filters.open")} (${chosen})` : t("filters.open")}
      </Button>
      <SideDrawer opened={opened} onClose={close} title={t("filters.title")} position="bottom">
        {/* Not a column of a flex box, where the widths of the fields would be their heights. */}
        <SimpleGrid cols={1} verticalSpacing="md">
          {children}
          <Button onClick={close}>{t("filters.show")}</Button>
        </SimpleGrid>
      </SideDrawer>
    </>
  );
}

// Ledger lines with a filter by kind and a CSV file of all of them.
import { Group, Text } from "@mantine/core";
import type { ComponentProps, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Transfer } from "../api/queries";
import { CsvButton } from "./csv-button";
import type { Column } from "./data-table";
import { PagedTable, type PagesOf } from "./paged-table";
import { Section } from "./section";
import { type TransferKind, TransferKindSelect } from "./transfer-kind-select";

type Props = {
  query: PagesOf<Transfer>;
  rows: readonly Transfer[];
  columns: readonly Column<Transfer>[];
  kind: TransferKind | undefined;
  /** The address has the kind, so the page changes it. */
  onKindChange: (search: { kind?: TransferKind }) => void;
  csv: ComponentProps<typeof CsvButton>;
  /** Stands behind the table: the dialog of a line. */
  children?: ReactNode;
};

/** The id of the heading, to which other pages lead. */
export const LINES_ID = "lines";

export function TransferLines({ query, rows, columns, kind, onKindChange, csv, children }: Props) {
  const { t } = useTranslation();
  return (
    <Section
      id={LINES_ID}
      title={t("wallet.lines")}
      aside={
        <Group gap="xs">
          <TransferKindSelect kind={kind} onChange={(kind) => onKindChange(kind ? { kind } : {})} />
          <CsvButton {...csv} />
        </Group>
      }
    >
      <PagedTable
        query={query}
        lines={8}
        label={t("wallet.lines")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text c="dimmed">{t("wallet.no_lines")}</Text>}
      />
      {children}
    </Section>
  );
}

// Every line that was booked into a business day: the rows behind its figures.
import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { transfersOfDayQuery } from "../../api/books";
import { api } from "../../api/client";
import type { Transfer } from "../../api/queries";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { Section } from "../../parts/section";
import { TextLink } from "../../parts/text-link";
import { useTransferColumns } from "../../parts/transfer-columns";
import { TransferKindSelect } from "../../parts/transfer-kind-select";
import { useCorrection } from "./correction";

export function DayLines({ date }: { date: string }) {
  const { t } = useTranslation();
  const { kind } = useSearch({ from: "/shell/books/days/$date" });
  const navigate = useNavigate({ from: "/books/days/$date" });
  const query = useInfiniteQuery(transfersOfDayQuery(date, kind ? { kind } : {}));
  const rows = useRows(query);
  const { columns, dialog } = useCorrection(useDayLineColumns(), rows);
  return (
    <Section
      title={t("wallet.lines")}
      aside={
        <Group gap="xs">
          <TransferKindSelect
            kind={kind}
            onChange={(kind) =>
              void navigate({ search: kind ? { kind } : {}, replace: true, resetScroll: false })
            }
          />
          <CsvButton
            name={`transfers-${date}`}
            read={() =>
              api.GET("/api/v1/transfers", {
                params: { query: { date, ...(kind ? { kind } : {}) } },
                ...AS_CSV,
              })
            }
          />
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
      {dialog}
    </Section>
  );
}

function useDayLineColumns(): Column<Transfer>[] {
  const { t } = useTranslation();
  const lineColumns = useTransferColumns();
  return useMemo(
    () => [
      {
        id: "person",
        header: t("books.person"),
        card: "title",
        width: 170,
        cell: ({ person }) => (
          <TextLink to="/books/wallets/$personId" params={{ personId: person.id }} size="sm">
            <Person {...person} />
          </TextLink>
        ),
      },
      ...lineColumns,
    ],
    [t, lineColumns],
  );
}

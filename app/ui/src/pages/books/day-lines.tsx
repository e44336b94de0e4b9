// Every line that was booked into a business day: the rows behind its figures.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { transfersOfDayQuery } from "../../api/books";
import { api } from "../../api/client";
import type { Transfer } from "../../api/queries";
import { AS_CSV } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { TextLink } from "../../parts/text-link";
import { useTransferColumns } from "../../parts/transfer-columns";
import { TransferLines } from "../../parts/transfer-lines";
import { useCorrection } from "./correction";

export function DayLines({ date }: { date: string }) {
  const { kind } = useSearch({ from: "/shell/books/days/$date" });
  const navigate = useNavigate({ from: "/books/days/$date" });
  const query = useInfiniteQuery(transfersOfDayQuery(date, kind ? { kind } : {}));
  const rows = useRows(query);
  const { columns, dialog } = useCorrection(useDayLineColumns(), rows);
  return (
    <TransferLines
      query={query}
      rows={rows}
      columns={columns}
      kind={kind}
      onKindChange={(search) => void navigate({ search, replace: true, resetScroll: false })}
      csv={{
        name: `transfers-${date}`,
        read: () =>
          api.GET("/api/v1/transfers", { params: { query: { date, ...(kind ? { kind } : {}) } }, ...AS_CSV }),
      }}
    >
      {dialog}
    </TransferLines>
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

// Who was paid, when and how much.
import { Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type PayoutsFilter, payoutsQuery, rangeOf } from "../../api/books";
import { api } from "../../api/client";
import type { Transfer } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { DayRange } from "../../parts/day-range";
import { Filters } from "../../parts/filters";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { PersonSelect } from "../../parts/person-select";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";

export function PayoutsPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/books/payouts" });
  const navigate = useNavigate({ from: "/books/payouts" });
  const change = (change: { [K in keyof PayoutsFilter]: PayoutsFilter[K] | undefined }) =>
    void navigate({
      search: Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    });
  return (
    <>
      <PageTitle title={t("books.payouts")} />
      <Group justify="space-between" align="flex-end" mb="md">
        <Group gap="xs" align="flex-end">
          <Filters values={[filter.person_id, filter.from]}>
            <PersonSelect
              label={t("books.person")}
              value={filter.person_id ?? null}
              anybody={t("board.everyone")}
              onChange={(id) => change({ person_id: id ?? undefined })}
            />
            <DayRange from={filter.from} to={filter.to} onChange={change} />
          </Filters>
        </Group>
        <CsvButton
          name="payouts"
          read={() =>
            api.GET("/api/v1/payouts", {
              params: {
                query: { ...rangeOf(filter), ...(filter.person_id ? { person_id: filter.person_id } : {}) },
              },
              ...AS_CSV,
            })
          }
        />
      </Group>
      <PayoutsTable filter={filter} />
    </>
  );
}

export function PayoutsTable({ filter }: { filter: PayoutsFilter }) {
  const { t } = useTranslation();
  const { day } = useFormat();
  const query = useInfiniteQuery(payoutsQuery(filter));
  const rows = useRows(query);
  const columns = useMemo<Column<Transfer>[]>(
    () => [
      {
        id: "person",
        header: t("books.person"),
        card: "title",
        cell: ({ person }) => (
          <TextLink to="/books/wallets/$personId" params={{ personId: person.id }} data-row-link>
            {person.name ?? "…"}
          </TextLink>
        ),
      },
      { id: "day", header: t("wallet.day"), cell: ({ date }) => day(date) },
      {
        id: "amount",
        header: t("wallet.paid"),
        align: "right",
        // From the wallet's side a payout is negative; here it is what the person got.
        cell: ({ amount }) => <Amount of={{ ...amount, amount_minor: -amount.amount_minor }} />,
      },
      {
        id: "booked",
        header: t("transfer.booked_at"),
        align: "right",
        cell: ({ booked_at }) => <Moment at={booked_at} />,
      },
    ],
    [t, day],
  );
  return (
    <PagedTable
      query={query}
      lines={6}
      label={t("books.payouts")}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      empty={<Text c="dimmed">{t("books.no_payouts")}</Text>}
    />
  );
}

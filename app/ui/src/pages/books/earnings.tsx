// What the company earned on each day: a chart and a table of the same range.
import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type DayEarnings, earningsQuery, rangeOf } from "../../api/books";
import { api } from "../../api/client";
import { sum } from "../../format/money";
import { Amount } from "../../parts/amount";
import { Chart } from "../../parts/chart";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import { type Column, DataTable } from "../../parts/data-table";
import { DayRange } from "../../parts/day-range";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";

export function EarningsPage() {
  const { t } = useTranslation();
  const range = useSearch({ from: "/shell/books/earnings" });
  const navigate = useNavigate({ from: "/books/earnings" });
  const query = useQuery({ ...earningsQuery(range), placeholderData: (previous) => previous });
  const columns = useEarningsColumns();
  return (
    <>
      <PageTitle title={t("books.earnings")} />
      <Group justify="space-between" align="flex-end" mb="md">
        <DayRange
          from={range.from}
          to={range.to}
          onChange={(chosen) =>
            void navigate({ search: chosen.from ? chosen : {}, replace: true, resetScroll: false })
          }
        />
        <CsvButton
          name="earnings"
          read={() => api.GET("/api/v1/earnings", { params: { query: rangeOf(range) }, ...AS_CSV })}
        />
      </Group>
      <Loaded query={query} lines={8}>
        {({ items }) => {
          const total = sum(items.map(({ earned }) => earned));
          return (
            <Stack>
              {total && (
                <Figure name={t("books.total")}>
                  <Amount of={total} change />
                </Figure>
              )}
              {items.length > 1 && (
                <Chart
                  kind="bars"
                  label={t("books.company_earned")}
                  points={[...items].reverse().map(({ date, earned }) => ({ date, amount: earned }))}
                />
              )}
              <DataTable
                label={t("books.earnings")}
                columns={columns}
                rows={items}
                rowKey={({ date }) => date}
                isOutdated={query.isPlaceholderData}
                empty={<Text c="dimmed">{t("books.no_earnings")}</Text>}
              />
            </Stack>
          );
        }}
      </Loaded>
    </>
  );
}

function useEarningsColumns(): Column<DayEarnings>[] {
  const { t } = useTranslation();
  const { day } = useFormat();
  return useMemo(
    () => [
      {
        id: "day",
        header: t("wallet.day"),
        card: "title",
        cell: ({ date }) => (
          <TextLink to="/books/days/$date" params={{ date }} data-row-link>
            {day(date)}
          </TextLink>
        ),
      },
      { id: "fees", header: t("books.fees"), align: "right", cell: ({ fees }) => <Amount of={fees} /> },
      {
        id: "rewards",
        header: t("books.rewards"),
        align: "right",
        cell: ({ rewards }) => <Amount of={rewards} />,
      },
      {
        id: "reversed",
        header: t("books.reversed"),
        align: "right",
        cell: ({ reversed_fees, reversed_rewards }) => (
          <Amount
            of={{
              ...reversed_fees,
              amount_minor: reversed_rewards.amount_minor - reversed_fees.amount_minor,
            }}
            change
          />
        ),
      },
      {
        id: "earned",
        header: t("books.company_earned"),
        align: "right",
        cell: ({ earned }) => <Amount of={earned} change />,
      },
    ],
    [t, day],
  );
}

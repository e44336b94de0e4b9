// What the company earned on each day: a chart and a table of the same range.
import { Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { earningsQuery, rangeOf } from "../../api/books";
import { api } from "../../api/client";
import { sum } from "../../format/money";
import { Amount } from "../../parts/amount";
import { Chart } from "../../parts/chart";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import { DataTable } from "../../parts/data-table";
import { DayRange } from "../../parts/day-range";
import { useEarningsColumns } from "../../parts/earnings-columns";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";

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

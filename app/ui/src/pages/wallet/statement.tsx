// A person's business day: what it began with, what was earned and paid, what was left.

import { Alert, Paper, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, dataOf } from "../../api/client";
import { page, paged } from "../../api/queries";
import { useRefetchInterval } from "../../live/use-live";
import { Amount } from "../../parts/amount";
import { DataTable, ShowMore } from "../../parts/data-table";
import { Fact } from "../../parts/fact";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { TextLink } from "../../parts/text-link";
import { useWalletLineColumns } from "../../parts/transfer-columns";
import { useFormat } from "../../parts/use-format";

export function StatementPage() {
  const { t } = useTranslation();
  const { day } = useFormat();
  const { date } = useParams({ from: "/shell/wallet/days/$date" });
  const columns = useWalletLineColumns();
  const query = useInfiniteQuery({
    queryKey: ["wallet", "statement", date],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/wallets/me/statements/{date}", {
          params: { path: { date }, query: page(pageParam) },
          signal,
        }),
      ),
    ...paged,
    refetchInterval: useRefetchInterval(),
  });
  return (
    <>
      <TextLink to="/wallet" size="sm">
        {t("wallet.back")}
      </TextLink>
      <PageTitle title={t("wallet.statement", { day: day(date, "long") })} />
      <Loaded query={query} lines={8}>
        {({ pages }) => {
          const [statement] = pages;
          if (!statement) return null;
          const rows = pages.flatMap(({ items }) => items);
          return (
            <Stack>
              {!statement.closed && (
                <Alert variant="outline" color="cyan" p="xs">
                  {t("wallet.day_open")}
                </Alert>
              )}
              <Paper withBorder p="md" maw={420}>
                <Stack gap="xs">
                  <Fact name={t("wallet.opening")}>
                    <Amount of={statement.opening_balance} />
                  </Fact>
                  <Fact name={t("wallet.earned")}>
                    <Amount of={statement.earned} change />
                  </Fact>
                  <Fact name={t("wallet.paid")}>{statement.paid ? <Amount of={statement.paid} /> : "–"}</Fact>
                  <Fact name={t("wallet.closing")}>
                    <Text span fw={600}>
                      <Amount of={statement.closing_balance} />
                    </Text>
                  </Fact>
                </Stack>
              </Paper>
              <DataTable
                label={t("wallet.lines")}
                columns={columns}
                rows={rows}
                rowKey={({ id }) => id}
                empty={<Text c="dimmed">{t("wallet.no_lines")}</Text>}
              />
              <ShowMore shown={rows.length} query={query} />
            </Stack>
          );
        }}
      </Loaded>
    </>
  );
}

// The balance, and every line that it is made of.

import { Grid, Group, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { myTransfersQuery } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { BalancePanel } from "../../parts/balance-panel";
import { Boundary } from "../../parts/boundary";
import { Chart } from "../../parts/chart";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import { type Column, DataTable } from "../../parts/data-table";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { useWalletLineColumns } from "../../parts/transfer-columns";
import { TransferKindSelect } from "../../parts/transfer-kind-select";
import { useFormat } from "../../parts/use-format";
import { everyDay, type WalletDay, walletDaysQuery } from "./days";

const CHART_DAYS = 14;

export function WalletPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageTitle title={t("nav.wallet")} />
      <Stack gap="xl">
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Boundary>
              <Balance />
            </Boundary>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Boundary>
              <Days />
            </Boundary>
          </Grid.Col>
        </Grid>
        <Boundary>
          <Transfers />
        </Boundary>
      </Stack>
    </>
  );
}

function Balance() {
  const { t } = useTranslation();
  const { companyZone: zone } = useFormat();
  return (
    <BalancePanel>
      {(isDebt) => <Text size="sm">{t(isDebt ? "wallet.debt" : "wallet.payout", { zone })}</Text>}
    </BalancePanel>
  );
}

function Days() {
  const { t } = useTranslation();
  const { day, today } = useFormat();
  const query = useQuery(walletDaysQuery(today, CHART_DAYS));
  const columns = useMemo<Column<WalletDay>[]>(
    () => [
      {
        id: "day",
        header: t("wallet.day"),
        card: "title",
        cell: ({ date }) => (
          <TextLink to="/wallet/days/$date" params={{ date }} size="sm" data-row-link>
            {day(date)}
          </TextLink>
        ),
      },
      {
        id: "earned",
        header: t("wallet.earned"),
        align: "right",
        cell: ({ earned }) => <Amount of={earned} change />,
      },
      {
        id: "paid",
        header: t("wallet.paid"),
        align: "right",
        cell: ({ paid }) => (paid ? <Amount of={paid} /> : "–"),
      },
    ],
    [t, day],
  );
  return (
    <section aria-labelledby="days">
      <Title order={2} id="days" mb="sm">
        {t("wallet.days")}
      </Title>
      <Loaded query={query} lines={5}>
        {(days) => (
          <Stack>
            {days.length > 0 && (
              <Chart
                kind="bars"
                label={t("wallet.earned")}
                points={everyDay(days, today).map(({ date, earned }) => ({ date, amount: earned }))}
              />
            )}
            <DataTable
              label={t("wallet.days")}
              columns={columns}
              rows={days}
              rowKey={({ date }) => date}
              empty={<Text c="dimmed">{t("wallet.no_days")}</Text>}
            />
          </Stack>
        )}
      </Loaded>
    </section>
  );
}

function Transfers() {
  const { t } = useTranslation();
  const { kind } = useSearch({ from: "/shell/wallet" });
  const navigate = useNavigate({ from: "/wallet" });
  const query = useInfiniteQuery(myTransfersQuery(kind ? { kind } : {}));
  const rows = useRows(query);
  const columns = useWalletLineColumns();
  return (
    <section aria-labelledby="lines">
      <Group justify="space-between" mb="sm" align="flex-end">
        <Title order={2} id="lines">
          {t("wallet.lines")}
        </Title>
        <Group gap="xs" align="flex-end">
          <TransferKindSelect
            kind={kind}
            onChange={(kind) =>
              void navigate({ search: kind ? { kind } : {}, replace: true, resetScroll: false })
            }
          />
          <CsvButton
            name="wallet"
            read={() =>
              api.GET("/api/v1/wallets/me/transfers", { params: { query: kind ? { kind } : {} }, ...AS_CSV })
            }
          />
        </Group>
      </Group>
      <PagedTable
        query={query}
        lines={8}
        label={t("wallet.lines")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text c="dimmed">{t("wallet.no_lines")}</Text>}
      />
    </section>
  );
}

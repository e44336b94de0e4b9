// The balance, and every line that it is made of.

import { Grid, Stack, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { myTransfersQuery, walletQuery } from "../../api/queries";
import { addDays } from "../../format/time";
import { useRefetchInterval } from "../../live/use-live";
import { Amount } from "../../parts/amount";
import { BalancePanel } from "../../parts/balance-panel";
import { Boundary } from "../../parts/boundary";
import { Chart } from "../../parts/chart";
import { AS_CSV } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { useWalletLineColumns } from "../../parts/transfer-columns";
import { TransferLines } from "../../parts/transfer-lines";
import { useFormat } from "../../parts/use-format";
import { useScrollToHash } from "../../parts/use-scroll-to-hash";
import { everyDay, type WalletDay, walletDaysQuery } from "./days";

/** A chart of more days has bars that are too narrow. The table has every day. */
const CHART_DAYS_MAX = 60;

export function WalletPage() {
  const { t } = useTranslation();
  const { kind } = useSearch({ from: "/shell/wallet" });
  const balance = useQuery(walletQuery);
  const days = useInfiniteQuery(walletDaysQuery);
  const lines = useInfiniteQuery(myTransfersQuery(kind ? { kind } : {}));
  useScrollToHash(![balance, days, lines].some(({ isPending }) => isPending));
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
  const { day } = useFormat();
  const query = useInfiniteQuery({ ...walletDaysQuery, refetchInterval: useRefetchInterval() });
  const days = useRows(query);
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
      <Stack>
        <DaysChart days={days} />
        <PagedTable
          query={query}
          lines={5}
          label={t("wallet.days")}
          columns={columns}
          rows={days}
          rowKey={({ date }) => date}
          empty={<Text c="dimmed">{t("wallet.no_days")}</Text>}
        />
      </Stack>
    </section>
  );
}

/** The days of the table that are not older than the chart is wide. */
function DaysChart({ days }: { days: readonly WalletDay[] }) {
  const { t } = useTranslation();
  const { today } = useFormat();
  const first = addDays(today, 1 - CHART_DAYS_MAX);
  const points = everyDay(
    days.filter(({ date }) => date >= first),
    today,
  );
  if (points.length === 0) return null;
  return (
    <Chart
      kind="bars"
      label={t("wallet.earned")}
      points={points.map(({ date, earned }) => ({ date, amount: earned }))}
    />
  );
}

function Transfers() {
  const { kind } = useSearch({ from: "/shell/wallet" });
  const navigate = useNavigate({ from: "/wallet" });
  const query = useInfiniteQuery({
    ...myTransfersQuery(kind ? { kind } : {}),
    refetchInterval: useRefetchInterval(),
  });
  const rows = useRows(query);
  const columns = useWalletLineColumns();
  return (
    <TransferLines
      query={query}
      rows={rows}
      columns={columns}
      kind={kind}
      onKindChange={(search) => void navigate({ search, replace: true, resetScroll: false })}
      csv={{
        name: "wallet",
        read: () =>
          api.GET("/api/v1/wallets/me/transfers", { params: { query: kind ? { kind } : {} }, ...AS_CSV }),
      }}
    />
  );
}

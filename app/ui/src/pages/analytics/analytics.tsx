// The company at a glance: figures with the time at which they are true, and how they came about.
import { Group, Paper, SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import {
  companyEarningsQuery,
  debtsQuery,
  type Period,
  type Range,
  summaryQuery,
  TOP_PERIODS,
  type TopPeriod,
  topTasksQuery,
} from "../../api/analytics";
import type { Schemas } from "../../api/client";
import { addDays } from "../../format/time";
import { Amount } from "../../parts/amount";
import { Boundary } from "../../parts/boundary";
import { Chart } from "../../parts/chart";
import { type Column, DataTable } from "../../parts/data-table";
import { DayRange } from "../../parts/day-range";
import { useEarningsColumns } from "../../parts/earnings-columns";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { Section } from "../../parts/section";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";

const RANGE_DAYS = 30;

export function AnalyticsPage() {
  const { t } = useTranslation();
  const { today } = useFormat();
  const search = useSearch({ from: "/shell/analytics" });
  const navigate = useNavigate({ from: "/analytics" });
  const range: Range = search.from && search.to ? { from: search.from, to: search.to } : lastDays(today);
  return (
    <>
      <PageTitle title={t("nav.analytics")} />
      <Stack gap="xl">
        <Boundary>
          <Figures />
        </Boundary>
        <Group align="flex-end">
          <DayRange
            {...range}
            onChange={({ from, to }) =>
              void navigate({
                search: ({ period }) => ({
                  ...(period ? { period } : {}),
                  ...(from && to ? { from, to } : {}),
                }),
                replace: true,
                resetScroll: false,
              })
            }
          />
        </Group>
        <Section title={t("analytics.earnings")}>
          <Boundary>
            <Earnings range={range} />
          </Boundary>
        </Section>
        <Section title={t("analytics.debts")}>
          <Boundary>
            <Debts range={range} />
          </Boundary>
        </Section>
        <Boundary>
          <TopTasks range={range} />
        </Boundary>
      </Stack>
    </>
  );
}

const lastDays = (today: string): Range => ({ from: addDays(today, 1 - RANGE_DAYS), to: today });

function Figures() {
  const { t } = useTranslation();
  const { count, day, today } = useFormat();
  const query = useQuery(summaryQuery);
  return (
    <Loaded query={query} lines={3}>
      {({ date, earned_today, wallets_below_zero, top_task_today, as_of }) => (
        <Stack gap="xs">
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <Card name={t("analytics.earned_today", { day: day(date) })}>
              <TextLink to="/books/days/$date" params={{ date }} fz="inherit">
                <Amount of={earned_today} change />
              </TextLink>
            </Card>
            <Card name={t("analytics.below_zero_now")}>
              <TextLink to="/books/wallets" search={{ below_zero: true }} fz="inherit">
                {count(wallets_below_zero)}
              </TextLink>
            </Card>
            <Card name={t("analytics.top_today")}>
              {top_task_today ? (
                <TextLink to="/tasks/$taskId" params={{ taskId: top_task_today.id }} fz="inherit">
                  <Amount of={top_task_today.reward} />
                </TextLink>
              ) : (
                "–"
              )}
            </Card>
          </SimpleGrid>
          <AsOf at={as_of} />
          {date !== today && <Text size="sm">{t("analytics.other_day", { day: day(date, "long") })}</Text>}
        </Stack>
      )}
    </Loaded>
  );
}

function Card({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz={28} fw={600} lh={1.3} className="amount">
        {children}
      </Text>
    </Paper>
  );
}

function AsOf({ at }: { at: string }) {
  const { t } = useTranslation();
  return (
    <Text size="xs" c="dimmed">
      {t("analytics.as_of")} <Moment at={at} />
    </Text>
  );
}

function Earnings({ range }: { range: Range }) {
  const { t } = useTranslation();
  const query = useQuery({ ...companyEarningsQuery(range), placeholderData: keepPreviousData });
  const columns = useEarningsColumns();
  return (
    <Loaded query={query} lines={6}>
      {({ items, total, as_of }) => (
        <Stack gap="xs">
          <Text>
            {t("books.total")}: <Amount of={total} change />
          </Text>
          {items.length > 1 && (
            <Chart
              kind="bars"
              label={t("books.company_earned")}
              points={items.map(({ date, earned }) => ({ date, amount: earned }))}
            />
          )}
          <Details label={t("analytics.table")}>
            <DataTable
              label={t("analytics.earnings")}
              columns={columns}
              rows={items}
              rowKey={({ date }) => date}
              isOutdated={query.isPlaceholderData}
              empty={<Text c="dimmed">{t("books.no_earnings")}</Text>}
            />
          </Details>
          <AsOf at={as_of} />
        </Stack>
      )}
    </Loaded>
  );
}

/** The table with the figures of a chart. */
function Details({ label, children }: { label: string; children: ReactNode }) {
  return (
    <details>
      <summary style={{ cursor: "pointer", minHeight: 24, fontSize: "var(--mantine-font-size-sm)" }}>
        {label}
      </summary>
      {children}
    </details>
  );
}

function Debts({ range }: { range: Range }) {
  const { t } = useTranslation();
  const { day, count } = useFormat();
  const query = useQuery({ ...debtsQuery(range), placeholderData: keepPreviousData });
  const columns = useMemo<Column<Schemas["DayWalletsView"]>[]>(
    () => [
      { id: "day", header: t("wallet.day"), card: "title", cell: ({ date }) => day(date) },
      {
        id: "wallets",
        header: t("books.below_zero"),
        align: "right",
        cell: ({ wallets_below_zero }) => count(wallets_below_zero),
      },
    ],
    [t, day, count],
  );
  return (
    <Loaded query={query} lines={4}>
      {({ items, as_of }) => (
        <Stack gap="xs">
          {items.length > 1 && (
            <Chart
              kind="line"
              label={t("books.below_zero")}
              points={items.map(({ date, wallets_below_zero }) => ({ date, count: wallets_below_zero }))}
            />
          )}
          <Details label={t("analytics.table")}>
            <DataTable
              label={t("analytics.debts")}
              columns={columns}
              rows={items}
              rowKey={({ date }) => date}
              isOutdated={query.isPlaceholderData}
              empty={<Text c="dimmed">{t("books.no_earnings")}</Text>}
            />
          </Details>
          <AsOf at={as_of} />
        </Stack>
      )}
    </Loaded>
  );
}

function TopTasks({ range }: { range: Range }) {
  const { t } = useTranslation();
  const { today, day } = useFormat();
  const { period = "week" } = useSearch({ from: "/shell/analytics" });
  const navigate = useNavigate({ from: "/analytics" });
  const asked = period === "range" ? range : { period: period as Period, date: today };
  const query = useQuery({ ...topTasksQuery(asked), placeholderData: keepPreviousData });
  const columns = useMemo<Column<Schemas["DayTopTaskView"]>[]>(
    () => [
      {
        id: "task",
        header: t("task.title"),
        card: "title",
        cell: ({ task }) => (
          <TextLink to="/tasks/$taskId" params={{ taskId: task.id }} lineClamp={2} data-row-link>
            {task.title}
          </TextLink>
        ),
      },
      { id: "day", header: t("wallet.day"), width: 130, cell: ({ date }) => day(date) },
      { id: "by", header: t("task.completed_by"), width: 160, cell: ({ task }) => task.assignee.name ?? "…" },
      {
        id: "reward",
        header: t("task.reward"),
        align: "right",
        width: 110,
        cell: ({ task }) => <Amount of={task.reward} />,
      },
    ],
    [t, day],
  );
  return (
    <Section
      title={t("analytics.top")}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t("analytics.period")}
          data={TOP_PERIODS.map((value) => ({ value, label: t(`analytics.periods.${value}`) }))}
          value={period}
          onChange={(value) =>
            void navigate({
              search: (previous) => ({ ...previous, period: value as TopPeriod }),
              replace: true,
              resetScroll: false,
            })
          }
        />
      }
    >
      <Loaded query={query} lines={4}>
        {({ top, items, as_of, from, to }) => (
          <Stack gap="xs">
            <Text size="sm" c="dimmed">
              {from === to ? day(from) : `${day(from)} – ${day(to)}`}
            </Text>
            {top && (
              <Text>
                <Text span fw={600}>
                  <Amount of={top.reward} />
                </Text>{" "}
                <TextLink to="/tasks/$taskId" params={{ taskId: top.id }} fz="inherit">
                  {top.title}
                </TextLink>
                {top.assignee.name && ` · ${top.assignee.name}`}
              </Text>
            )}
            <DataTable
              label={t("analytics.top")}
              columns={columns}
              rows={items}
              rowKey={({ date }) => date}
              isOutdated={query.isPlaceholderData}
              empty={<Text c="dimmed">{t("analytics.no_top")}</Text>}
            />
            <AsOf at={as_of} />
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

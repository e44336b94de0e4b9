// The open tasks of the person, the largest reward first, and what they bring.

import { Box, Grid, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { myTasksQuery, type Task } from "../../api/queries";
import { useCompletions } from "../../live/completions";
import { keepInPlace } from "../../live/keep-in-place";
import { useRefetchInterval } from "../../live/use-live";
import { Amount } from "../../parts/amount";
import { BalancePanel } from "../../parts/balance-panel";
import { Boundary } from "../../parts/boundary";
import type { Column } from "../../parts/data-table";
import { PageTitle } from "../../parts/page-title";
import { PagedTable } from "../../parts/paged-table";
import { useSteadyRows } from "../../parts/steady-rows";
import { CompleteButton, TaskTitle } from "../../parts/task-cells";
import { TextLink } from "../../parts/text-link";
import { LINES_ID } from "../../parts/transfer-lines";

export function MyTasksPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageTitle title={t("nav.my_tasks")} />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 3 }} order={{ base: 1, md: 2 }}>
          <Boundary>
            <BalancePanel>
              {(isDebt) => (
                <>
                  {isDebt && <Text size="sm">{t("wallet.debt")}</Text>}
                  <TextLink to="/wallet" hash={LINES_ID} size="sm">
                    {t("wallet.why")}
                  </TextLink>
                </>
              )}
            </BalancePanel>
          </Boundary>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 9 }} order={{ base: 2, md: 1 }}>
          <Boundary>
            <OpenTasks />
          </Boundary>
        </Grid.Col>
      </Grid>
    </>
  );
}

function OpenTasks() {
  const { t } = useTranslation();
  const query = useInfiniteQuery({ ...myTasksQuery, refetchInterval: useRefetchInterval() });
  const completions = useCompletions();
  const shown = useRef<Task[]>([]);
  const kept = useMemo(() => {
    const fresh = query.data?.pages.flatMap(({ items }) => items) ?? [];
    shown.current = keepInPlace(shown.current, fresh, (id) => completions.has(id));
    return shown.current;
  }, [query.data, completions]);
  const { rows, handlers } = useSteadyRows(kept, "mine");

  const columns = useMemo<Column<Task>[]>(
    () => [
      { id: "title", header: t("task.title"), card: "title", cell: (task) => <TaskTitle task={task} /> },
      {
        id: "fee",
        header: t("task.fee_paid"),
        align: "right",
        width: 110,
        cell: ({ price }) => (price ? <Amount of={price.fee} /> : <Unpriced />),
      },
      {
        id: "reward",
        header: t("task.reward"),
        align: "right",
        width: 110,
        cell: ({ price }) => (price ? <Amount of={price.reward} change /> : <Unpriced />),
      },
      {
        id: "complete",
        header: t("task.action"),
        align: "right",
        width: 130,
        card: "action",
        cell: (task) => <CompleteButton task={task} />,
      },
    ],
    [t],
  );

  return (
    <Box {...handlers}>
      <PagedTable
        query={query}
        lines={8}
        label={t("nav.my_tasks")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<NothingOpen />}
      />
    </Box>
  );
}

function Unpriced() {
  const { t } = useTranslation();
  return (
    <Text span size="sm" c="dimmed">
      {t("task.unpriced")}
    </Text>
  );
}

function NothingOpen() {
  const { t } = useTranslation();
  return (
    <Stack gap={4} py="lg">
      <Text fw={500}>{t("my_tasks.nothing")}</Text>
      <Text size="sm" c="dimmed">
        {t("my_tasks.nothing_text")}
      </Text>
      <TextLink to="/tasks" size="sm">
        {t("my_tasks.to_board")}
      </TextLink>
    </Stack>
  );
}

// What a reassign of all open tasks would cost, the button that repeats the sum, and the runs so far.
import { Alert, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Shuffle } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, keyed } from "../../api/client";
import { useCommand } from "../../api/command";
import { OTHERS_REFETCH_MS, type Run, reassignPreviewQuery, runQuery, runsQuery } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { Boundary } from "../../parts/boundary";
import { Confirm } from "../../parts/confirm";
import { type Column, DataTable, ShowMore } from "../../parts/data-table";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";
import { RunProgress, RunStatus } from "./run";

/** The live stream is faster; this continues without it. */
const RUNNING_REFETCH_MS = 2_000;

export function ReassignPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageTitle title={t("nav.reassign")} />
      <Stack gap="xl">
        <Boundary>
          <Preview />
        </Boundary>
        <Boundary>
          <Runs />
        </Boundary>
      </Stack>
    </>
  );
}

function Preview() {
  const { t } = useTranslation();
  const { money, count } = useFormat();
  const [isOpen, { open, close }] = useDisclosure();
  const query = useQuery({
    ...reassignPreviewQuery,
    staleTime: 0,
    // The sum on the button does not change while it is read.
    refetchInterval: isOpen ? false : OTHERS_REFETCH_MS,
  });
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const request = useCommand<Run>({
    send: (_, key) => dataOf(api.POST("/api/v1/reassignments", { params: keyed(key) })),
    onSuccess: (run) => {
      queryClient.setQueryData(runQuery(run.id).queryKey, run);
      void queryClient.invalidateQueries({ queryKey: runsQuery.queryKey });
      close();
      void navigate({ to: "/reassign/$runId", params: { runId: run.id } });
    },
  });
  return (
    <Paper withBorder p="md" maw={640}>
      <Loaded query={query} lines={3}>
        {({ open_tasks, cost, unpriced_tasks }) => {
          const sum = { count: open_tasks, number: count(open_tasks), cost: money(cost) };
          return (
            <Stack gap="sm">
              <Group gap="xl">
                <Figure name={t("reassign.open_tasks")}>{count(open_tasks)}</Figure>
                <Figure name={t("reassign.cost")}>
                  <Amount of={cost} />
                </Figure>
              </Group>
              <Text size="sm">{t("reassign.meaning")}</Text>
              {unpriced_tasks > 0 && (
                <Alert color="yellow" variant="outline" p="xs">
                  {t("reassign.unpriced", { count: unpriced_tasks, number: count(unpriced_tasks) })}
                </Alert>
              )}
              <Group>
                <Button
                  leftSection={<Shuffle size={16} aria-hidden />}
                  disabled={open_tasks === 0}
                  onClick={() => {
                    request.reset();
                    void query.refetch();
                    open();
                  }}
                >
                  {t("reassign.begin")}
                </Button>
              </Group>
              <Confirm
                opened={isOpen}
                title={t("reassign.confirm_title")}
                action={t("reassign.confirm", sum)}
                isDangerous
                isPending={request.isPending}
                isDisabled={query.isFetching}
                error={request.error}
                onConfirm={() => request.mutate()}
                onClose={close}
              >
                <Text size="sm">{t("reassign.confirm_text", sum)}</Text>
                <Text size="sm">{t("reassign.meaning")}</Text>
              </Confirm>
            </Stack>
          );
        }}
      </Loaded>
    </Paper>
  );
}

function Runs() {
  const { t } = useTranslation();
  const { count } = useFormat();
  const query = useInfiniteQuery({
    ...runsQuery,
    refetchInterval: ({ state }) => {
      const isRunning = state.data?.pages[0]?.items.some(({ status }) => status !== "completed");
      return isRunning ? RUNNING_REFETCH_MS : OTHERS_REFETCH_MS;
    },
  });
  const rows = useRows(query);
  const unfinished = rows.filter(({ status }) => status !== "completed");
  const columns = useMemo<Column<Run>[]>(
    () => [
      {
        id: "requested",
        header: t("reassign.requested_at"),
        card: "title",
        cell: ({ id, requested_at }) => (
          <TextLink to="/reassign/$runId" params={{ runId: id }} data-row-link>
            <Moment at={requested_at} />
          </TextLink>
        ),
      },
      { id: "by", header: t("reassign.requested_by"), cell: (run) => <RequestedBy run={run} /> },
      { id: "status", header: t("board.status"), cell: (run) => <RunStatus run={run} /> },
      {
        id: "reassigned",
        header: t("reassign.reassigned"),
        align: "right",
        cell: ({ reassigned, total }) => `${count(reassigned)} / ${count(total)}`,
      },
      {
        id: "cost",
        header: t("reassign.cost"),
        align: "right",
        cell: ({ cost }) => <Amount of={cost} />,
      },
    ],
    [t, count],
  );
  return (
    <section aria-labelledby="runs">
      <Title order={2} id="runs" mb="sm">
        {t("reassign.runs")}
      </Title>
      <Loaded query={query} lines={5}>
        {() => (
          <Stack>
            {unfinished.map((run) => (
              <RunProgress key={run.id} run={run} />
            ))}
            <DataTable
              label={t("reassign.runs")}
              columns={columns}
              rows={rows}
              rowKey={({ id }) => id}
              empty={<Text c="dimmed">{t("reassign.no_runs")}</Text>}
            />
            <ShowMore shown={rows.length} query={query} />
          </Stack>
        )}
      </Loaded>
    </section>
  );
}

/** Who asked for a run, or the person whose leaving caused it. */
export function RequestedBy({ run }: { run: Run }) {
  const { t } = useTranslation();
  if (run.requested_by) return <Person {...run.requested_by} />;
  return (
    <>
      {t("reassign.by_system")}
      {run.person && (
        <>
          : <Person {...run.person} />
        </>
      )}
    </>
  );
}

// One run: its progress while it runs, and then the receipt.
import { Alert, Badge, Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Run, runQuery } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { Fact } from "../../parts/fact";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { TextLink } from "../../parts/text-link";
import { useFormat } from "../../parts/use-format";
import { RequestedBy } from "./reassign";

/** The live stream is faster; this continues without it. */
const REFETCH_MS = 2_000;

const COLOURS = { queued: "gray", running: "cyan", blocked: "yellow", completed: "green" } as const;

export function RunStatus({ run }: { run: Run }) {
  const { t } = useTranslation();
  return (
    <Badge color={COLOURS[run.status]} variant={run.status === "running" ? "filled" : "outline"}>
      {t(`reassign.statuses.${run.status}`)}
    </Badge>
  );
}

export function RunPage() {
  const { t } = useTranslation();
  const { runId } = useParams({ from: "/shell/reassign/$runId" });
  const query = useQuery({
    ...runQuery(runId),
    refetchInterval: ({ state }) => (state.data?.status === "completed" ? false : REFETCH_MS),
  });
  return (
    <>
      <TextLink to="/reassign">{t("reassign.back")}</TextLink>
      <PageTitle title={t("reassign.run")} />
      <Loaded query={query} lines={4}>
        {(run) => (
          <Stack maw={640}>
            <RunProgress run={run} />
            <Receipt run={run} />
          </Stack>
        )}
      </Loaded>
    </>
  );
}

export function RunProgress({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const rate = useRate(run);
  const percent = run.total === 0 ? 100 : Math.floor((100 * run.done) / run.total);
  const isDone = run.status === "completed";
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between">
          <RunStatus run={run} />
          <Text size="sm" className="amount">
            {t("reassign.done", { done: count(run.done), total: count(run.total) })}
            {rate !== null && !isDone && ` · ${t("reassign.rate", { rate: count(rate) })}`}
          </Text>
        </Group>
        <Progress.Root size="lg">
          <Progress.Section
            value={percent}
            color={isDone ? "green.9" : "cyan.9"}
            aria-label={t("reassign.progress")}
          />
        </Progress.Root>
        <Text size="sm" role="status">
          {t(`reassign.explained.${run.status}`)}
        </Text>
        {run.stalled && !isDone && (
          <Alert color="red" variant="outline" p="xs">
            {t("reassign.stalled")}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}

/** Tasks a second, of the last progress that was seen; null before there is any. */
function useRate({ done }: Run): number | null {
  const [seen, setSeen] = useState({ done, at: performance.now(), rate: null as number | null });
  useEffect(() => {
    setSeen((before) => {
      if (done <= before.done) return before;
      const at = performance.now();
      const seconds = Math.max((at - before.at) / 1000, 0.1);
      return { done, at, rate: Math.round((done - before.done) / seconds) };
    });
  }, [done]);
  return seen.rate;
}

function Receipt({ run }: { run: Run }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Fact name={t("reassign.requested_by")}>
          <RequestedBy run={run} />
        </Fact>
        <Fact name={t("reassign.requested_at")}>
          <Moment at={run.requested_at} />
        </Fact>
        {run.completed_at && (
          <Fact name={t("reassign.completed_at")}>
            <Moment at={run.completed_at} />
          </Fact>
        )}
        <Fact name={t("reassign.reassigned")}>{count(run.reassigned)}</Fact>
        <Fact name={t("reassign.closed_meanwhile")}>{count(run.done - run.reassigned)}</Fact>
        <Fact name={t("reassign.cost")}>
          <Text span fw={600}>
            <Amount of={run.cost} />
          </Text>
        </Fact>
      </Stack>
    </Paper>
  );
}

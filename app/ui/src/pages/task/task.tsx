// One task: what it is, what it costs and brings, and every draw with the way to check it.
import {
  Anchor,
  Box,
  Button,
  Code,
  Collapse,
  Grid,
  Group,
  Paper,
  Stack,
  Text,
  Timeline,
  Title,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Check, Dices, Plus } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, type Schemas } from "../../api/client";
import { OTHERS_REFETCH_MS, page, paged, type Task, type TaskDetails, taskQuery } from "../../api/queries";
import { drawnPlace } from "../../format/draw";
import { useCompletion } from "../../live/completions";
import { Amount } from "../../parts/amount";
import { BeingBooked } from "../../parts/balance-panel";
import { Boundary } from "../../parts/boundary";
import { MoreButton } from "../../parts/data-table";
import { Fact } from "../../parts/fact";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { Person } from "../../parts/person";
import { CompleteButton, TaskStatus } from "../../parts/task-cells";
import { useFormat } from "../../parts/use-format";
import { Ledger } from "./ledger";
import { PoolMembers } from "./pool-members";

const UNPRICED_REFETCH_MS = 1_500;

export function TaskPage() {
  const { taskId } = useParams({ from: "/shell/tasks/$taskId" });
  const query = useQuery({
    ...taskQuery(taskId),
    refetchInterval: ({ state }) => (state.data?.price === null ? UNPRICED_REFETCH_MS : OTHERS_REFETCH_MS),
  });
  return (
    <Loaded query={query} lines={6}>
      {(task) => <Details task={task} />}
    </Loaded>
  );
}

function Details({ task: loaded }: { task: TaskDetails }) {
  const { t } = useTranslation();
  const completion = useCompletion(loaded.id);
  const task = completion?.task ?? loaded;
  return (
    <>
      <PageTitle title={task.title}>
        <CompleteButton task={task} size="sm" />
      </PageTitle>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 4 }} order={{ base: 1, md: 2 }}>
          <Facts task={task} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }} order={{ base: 2, md: 1 }}>
          <Stack gap="lg">
            {loaded.description && (
              <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                {loaded.description}
              </Text>
            )}
            <section aria-labelledby="history">
              <Title order={2} id="history" mb="sm">
                {t("task.history")}
              </Title>
              <Boundary>
                <History task={task} />
              </Boundary>
            </section>
            <section aria-labelledby="ledger">
              <Title order={2} id="ledger" mb="sm">
                {t("task.ledger")}
              </Title>
              <Boundary>
                <Ledger taskId={task.id} />
              </Boundary>
            </section>
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}

function Facts({ task }: { task: Task }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between">
          <TaskStatus task={task} />
          {task.reference && (
            <Text span size="sm" ff="monospace">
              {task.reference}
            </Text>
          )}
        </Group>
        <Fact name={t(task.status === "completed" ? "task.completed_by" : "task.assignee")}>
          <Person {...task.assignee} />
        </Fact>
        <Fact name={t("task.fee_each")}>
          {task.price ? <Amount of={task.price.fee} /> : t("task.unpriced")}
        </Fact>
        <Fact name={t("task.reward")}>
          {task.price ? <Amount of={task.price.reward} change /> : t("task.unpriced")}
        </Fact>
        <Fact name={t("task.created_at")}>
          <Moment at={task.created_at} />
        </Fact>
        {task.link && (
          <Anchor
            href={task.link}
            target="_blank"
            rel="noreferrer noopener"
            size="sm"
            style={{ overflowWrap: "anywhere" }}
          >
            {task.link}
          </Anchor>
        )}
        <BeingBooked />
      </Stack>
    </Paper>
  );
}

function History({ task }: { task: Task }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: ["tasks", "history", task.id],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/tasks/{id}/history", {
          params: { path: { id: task.id }, query: page(pageParam) },
          signal,
        }),
      ),
    ...paged,
    refetchInterval: OTHERS_REFETCH_MS,
  });
  return (
    <Loaded query={query} lines={4}>
      {({ pages }) => {
        const [first] = pages;
        const completion = pages.at(-1)?.completion;
        const draws = pages.flatMap(({ items }) => items);
        const steps = draws.length + (completion && !query.hasNextPage ? 1 : 0);
        return (
          <>
            <Timeline active={steps} bulletSize={24} lineWidth={2}>
              <Timeline.Item bullet={<Plus size={14} aria-hidden />} title={t("task.created")}>
                <When at={first?.created_at ?? task.created_at}>
                  {first?.created_by ? <Person {...first.created_by} /> : t("task.imported")}
                </When>
              </Timeline.Item>
              {draws.map((assignment) => (
                <Timeline.Item
                  key={assignment.number}
                  bullet={<Dices size={14} aria-hidden />}
                  title={<Drawn assignment={assignment} />}
                >
                  <When at={assignment.assigned_at}>
                    {t(assignment.reassignment_id ? "task.by_run" : "task.by_creation")}
                    {assignment.fee && (
                      <>
                        {" · "}
                        {t("task.fee_charged")} <Amount of={assignment.fee} />
                      </>
                    )}
                  </When>
                  <DrawDetails assignment={assignment} />
                </Timeline.Item>
              ))}
              {completion && !query.hasNextPage && (
                <Timeline.Item bullet={<Check size={14} aria-hidden />} title={t("task.completed")}>
                  <When at={completion.completed_at}>
                    <Person {...completion.completed_by} />
                    {task.price && (
                      <>
                        {" · "}
                        <Amount of={task.price.reward} change />
                      </>
                    )}
                  </When>
                </Timeline.Item>
              )}
            </Timeline>
            <Box mt="sm">
              <MoreButton query={query} />
            </Box>
          </>
        );
      }}
    </Loaded>
  );
}

function When({ at, children }: { at: string; children: ReactNode }) {
  return (
    <Text component="div" size="sm" c="dimmed">
      <Moment at={at} />
      {" · "}
      {children}
    </Text>
  );
}

type Assignment = Schemas["TaskAssignment"];

function Drawn({ assignment }: { assignment: Assignment }) {
  const { t } = useTranslation();
  return (
    <>
      {t("task.drawn")} <Person {...assignment.assignee} />
    </>
  );
}

/** The draw, computed again here. */
function DrawDetails({ assignment: { draw } }: { assignment: Assignment }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const [isOpen, { toggle }] = useDisclosure();
  return (
    <Box>
      <Button size="compact-xs" variant="subtle" ml={-8} mih={24} onClick={toggle} aria-expanded={isOpen}>
        {t("task.draw", { count: draw.pool_size, number: count(draw.pool_size) })}
      </Button>
      <Collapse expanded={isOpen}>
        <Stack gap={4} mt={4}>
          <Text size="sm">
            {t("task.draw_place", {
              place: count(drawnPlace(draw.seed, draw.index, draw.pool_size) + 1),
              size: count(draw.pool_size),
            })}
          </Text>
          <Text size="sm" c="dimmed">
            {t("task.draw_check")}
          </Text>
          <Code block fz="xs">
            {`pool ${draw.pool_id}, size ${draw.pool_size}\nseed ${draw.seed}, index ${draw.index}\nSplitMix64(seed, index) × size / 2⁶⁴`}
          </Code>
          {isOpen && <PoolMembers draw={draw} />}
        </Stack>
      </Collapse>
    </Box>
  );
}

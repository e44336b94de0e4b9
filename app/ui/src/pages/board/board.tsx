// All tasks. The filters are in the address.
import { Box, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus, Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "../../api/me";
import { OTHERS_REFETCH_MS, type Task, tasksQuery } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { Boundary } from "../../parts/boundary";
import type { Column } from "../../parts/data-table";
import { Filters } from "../../parts/filters";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { PersonSelect } from "../../parts/person-select";
import { useSteadyRows } from "../../parts/steady-rows";
import { CompleteButton, TaskStatus, TaskTitle } from "../../parts/task-cells";
import { openCreateTask } from "./create-task";
import { type BoardSearch, possibleSorts, tasksFilter } from "./filters";

const UNPRICED_REFETCH_MS = 1_500;

export function BoardPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageTitle title={t("nav.board")}>
        <Button leftSection={<Plus size={16} aria-hidden />} onClick={openCreateTask}>
          {t("create.open")}
        </Button>
      </PageTitle>
      <SearchAndFilters />
      <Boundary>
        <Tasks />
      </Boundary>
    </>
  );
}

type Change = (change: { [K in keyof BoardSearch]: BoardSearch[K] | undefined }) => void;

function useChangeSearch(): Change {
  const navigate = useNavigate({ from: "/tasks" });
  return (change) =>
    void navigate({
      search: (previous) =>
        Object.fromEntries(
          Object.entries({ ...previous, ...change }).filter(([, value]) => value !== undefined),
        ) as BoardSearch,
      replace: true,
      resetScroll: false,
    });
}

function SearchAndFilters() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/tasks" });
  const change = useChangeSearch();
  const [typed, setTyped] = useState(search.q ?? "");
  const find = useDebouncedCallback((q: string) => change({ q: q.trim() || undefined }), 300);
  // Back and forward change the address without typing.
  useEffect(() => setTyped(search.q ?? ""), [search.q]);

  return (
    <Group gap="xs" mb="md" align="flex-end" role="search" aria-label={t("board.filters")}>
      <TextInput
        type="search"
        label={t("board.search")}
        placeholder={t("board.search_hint")}
        leftSection={<Search size={16} aria-hidden />}
        value={typed}
        maxLength={200}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          find(event.currentTarget.value);
        }}
        data-search
        style={{ flex: "1 1 180px" }}
      />
      <Filters values={[search.assignee, search.status, search.sort]}>
        <FilterFields />
      </Filters>
    </Group>
  );
}

function FilterFields() {
  const { t } = useTranslation();
  const me = useMe();
  const search = useSearch({ from: "/shell/tasks" });
  const change = useChangeSearch();
  const sorts = possibleSorts(search);
  return (
    <>
      <PersonSelect
        label={t("board.assignee")}
        value={search.assignee === "me" ? me.id : (search.assignee ?? null)}
        anybody={t("board.everyone")}
        onChange={(id) => change({ assignee: id === me.id ? "me" : (id ?? undefined), sort: undefined })}
        style={{ flex: "1 1 160px" }}
        maw={{ sm: 240 }}
      />
      <Select
        label={t("board.status")}
        data={(["open", "completed", "all"] as const).map((value) => ({ value, label: t(`board.${value}`) }))}
        value={search.status ?? "open"}
        allowDeselect={false}
        onChange={(status) =>
          change({ status: status === "open" ? undefined : (status as "completed" | "all"), sort: undefined })
        }
        style={{ flex: "1 1 120px" }}
        maw={{ sm: 180 }}
      />
      {sorts.length > 1 && (
        <Select
          label={t("board.sort")}
          data={sorts.map((value) => ({ value, label: t(`board.sorts.${value}`) }))}
          value={search.sort && sorts.includes(search.sort) ? search.sort : "created"}
          allowDeselect={false}
          onChange={(sort) =>
            change({ sort: sort === "created" ? undefined : (sort as "reward" | "completed") })
          }
          style={{ flex: "1 1 150px" }}
          maw={{ sm: 220 }}
        />
      )}
    </>
  );
}

function Tasks() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/shell/tasks" });
  const filter = tasksFilter(search);
  const query = useInfiniteQuery({
    ...tasksQuery(filter),
    refetchInterval: ({ state }) => {
      const isUnpriced = state.data?.pages.some(({ items }) => items.some(({ price }) => price === null));
      return isUnpriced ? UNPRICED_REFETCH_MS : OTHERS_REFETCH_MS;
    },
  });
  // Until the rows of another filter are there, those of the earlier one are shown.
  const list = query.isPlaceholderData ? "earlier" : JSON.stringify(filter);
  const { rows, handlers } = useSteadyRows(useRows(query), list);
  const me = useMe();
  const showsCompleted = search.status === "completed";
  const showsActions = !showsCompleted && rows.some(({ assignee }) => assignee.id === me.id);

  const columns = useMemo<Column<Task>[]>(
    () => [
      { id: "title", header: t("task.title"), card: "title", cell: (task) => <TaskTitle task={task} /> },
      ...(search.status === "all"
        ? [
            {
              id: "status",
              header: t("board.status"),
              width: 120,
              cell: (task: Task) => <TaskStatus task={task} />,
            },
          ]
        : []),
      {
        id: "assignee",
        header: t(showsCompleted ? "task.completed_by" : "task.assignee"),
        width: 150,
        cell: ({ assignee }) => <Person {...assignee} />,
      },
      {
        id: "fee",
        header: t("task.fee"),
        align: "right",
        width: 90,
        cell: ({ price }) => (price ? <Amount of={price.fee} /> : "…"),
      },
      {
        id: "reward",
        header: t("task.reward"),
        align: "right",
        width: 90,
        cell: ({ price }) => (price ? <Amount of={price.reward} /> : "…"),
      },
      {
        id: "when",
        header: t(showsCompleted ? "task.completed_at" : "task.created_at"),
        align: "right",
        width: 120,
        cell: (task) => <Moment at={(showsCompleted && task.completed_at) || task.created_at} />,
      },
      ...(showsActions
        ? [
            {
              id: "complete",
              header: t("task.action"),
              align: "right" as const,
              width: 120,
              card: "action" as const,
              cell: (task: Task) => <CompleteButton task={task} />,
            },
          ]
        : []),
    ],
    [t, search.status, showsCompleted, showsActions],
  );

  return (
    <Box {...handlers}>
      <PagedTable
        query={query}
        lines={12}
        label={t("nav.board")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Nothing />}
      />
    </Box>
  );
}

function Nothing() {
  const { t } = useTranslation();
  const navigate = useNavigate({ from: "/tasks" });
  return (
    <Stack gap="xs" py="lg" align="flex-start" role="status">
      <Text fw={500}>{t("board.nothing")}</Text>
      <Group gap="xs">
        <Button variant="default" size="xs" onClick={() => void navigate({ search: {} })}>
          {t("board.clear")}
        </Button>
        <Button variant="default" size="xs" onClick={openCreateTask}>
          {t("create.open")}
        </Button>
      </Group>
    </Stack>
  );
}

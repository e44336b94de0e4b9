// What was booked for a task: every fee, the reward, and what reversed them.
import { Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, type Schemas } from "../../api/client";
import { OTHERS_REFETCH_MS, page, paged } from "../../api/queries";
import { Amount } from "../../parts/amount";
import type { Column } from "../../parts/data-table";
import { Moment } from "../../parts/moment";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";

type Line = Schemas["TaskTransfer"];

export function Ledger({ taskId: id }: { taskId: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: ["tasks", "ledger", id],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/tasks/{id}/transfers", { params: { path: { id }, query: page(pageParam) }, signal }),
      ),
    ...paged,
    refetchInterval: OTHERS_REFETCH_MS,
  });
  const rows = useRows(query);
  const columns = useMemo<Column<Line>[]>(
    () => [
      {
        id: "kind",
        header: t("transfer.reason"),
        card: "title",
        cell: ({ kind, reversed_by }) => (
          <Stack gap={0}>
            <Text span size="sm">
              {t(`transfer.${kind}`)}
            </Text>
            {reversed_by && (
              <Text span size="xs" c="dimmed">
                {t("transfer.reversed")}
              </Text>
            )}
          </Stack>
        ),
      },
      { id: "person", header: t("transfer.wallet"), cell: ({ person }) => <Person {...person} /> },
      {
        id: "booked",
        header: t("transfer.booked_at"),
        width: 130,
        cell: ({ booked_at }) => <Moment at={booked_at} />,
      },
      {
        id: "amount",
        header: t("transfer.amount"),
        align: "right",
        width: 110,
        cell: ({ amount }) => <Amount of={amount} change />,
      },
    ],
    [t],
  );
  return (
    <PagedTable
      query={query}
      lines={2}
      label={t("task.ledger")}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      empty={<Text c="dimmed">{t("task.no_ledger")}</Text>}
    />
  );
}

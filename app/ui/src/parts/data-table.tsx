// A table whose rows become cards on a narrow screen. A row is drawn again only if it changed.
import { Box, Button, Group, Paper, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { type CSSProperties, memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "./use-format";

export type Column<Row> = {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  align?: "right";
  width?: CSSProperties["width"];
  /** The place on a card: the first line, a line with its name (the default), the last line, or none. */
  card?: "title" | "line" | "action" | "none";
};

export type DataTableProps<Row> = {
  /** What the table shows, for screen readers. */
  label: string;
  /** Must keep its identity between renders, or every row is drawn again. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  empty: ReactNode;
  /** The rows are those of an earlier filter. */
  isOutdated?: boolean;
};

export const NARROW = "(max-width: 48em)";
/** A narrower table scrolls sideways. */
const COLUMN_WIDTH_MIN = 120;

export function useNarrow(): boolean {
  return useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false }) ?? false;
}

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  empty,
  isOutdated = false,
}: DataTableProps<Row>) {
  const isNarrow = useNarrow();
  if (rows.length === 0) return <Box aria-busy={isOutdated}>{empty}</Box>;
  const style: CSSProperties = {
    opacity: isOutdated ? 0.6 : 1,
    transition: "opacity 100ms",
    // The browser keeps what it painted of the rows while a drawer moves over them.
    isolation: "isolate",
  };
  if (isNarrow) {
    return (
      <Stack component="ul" gap="xs" p={0} m={0} aria-label={label} aria-busy={isOutdated} style={style}>
        {rows.map((row) => (
          <MemoCard
            key={rowKey(row)}
            id={rowKey(row)}
            row={row}
            columns={columns as readonly Column<unknown>[]}
          />
        ))}
      </Stack>
    );
  }
  return (
    <Table.ScrollContainer minWidth={Math.min(600, columns.length * COLUMN_WIDTH_MIN)} type="native">
      <Table aria-label={label} aria-busy={isOutdated} style={style} verticalSpacing={6} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.id} ta={column.align} w={column.width} style={{ whiteSpace: "nowrap" }}>
                {column.header}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <MemoRow
              key={rowKey(row)}
              id={rowKey(row)}
              row={row}
              columns={columns as readonly Column<unknown>[]}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type RowProps = { id: string; row: unknown; columns: readonly Column<unknown>[] };

const MemoRow = memo(({ id, row, columns }: RowProps) => (
  <Table.Tr data-row={id}>
    {columns.map((column) => (
      <Table.Td key={column.id} ta={column.align}>
        {column.cell(row)}
      </Table.Td>
    ))}
  </Table.Tr>
));

const MemoCard = memo(({ id, row, columns }: RowProps) => {
  const at = (place: Column<unknown>["card"]) => columns.filter(({ card = "line" }) => card === place);
  return (
    <Paper component="li" withBorder p="sm" data-row={id} style={{ listStyle: "none" }}>
      <Stack gap="xs">
        {at("title").map((column) => (
          <Box key={column.id}>{column.cell(row)}</Box>
        ))}
        <SimpleGrid cols={2} spacing="xs" verticalSpacing={4}>
          {at("line").map((column) => (
            <Box key={column.id} miw={0}>
              <Text size="xs" c="dimmed">
                {column.header}
              </Text>
              <Box fz="sm">{column.cell(row)}</Box>
            </Box>
          ))}
        </SimpleGrid>
        {at("action").map((column) => (
          <Group key={column.id} justify="flex-end" className="card-action">
            {column.cell(row)}
          </Group>
        ))}
      </Stack>
    </Paper>
  );
});

type MorePages = Pick<
  UseInfiniteQueryResult,
  "hasNextPage" | "isFetching" | "isFetchingNextPage" | "refetch" | "fetchNextPage"
>;

/** Reads the next page after a refetch that has begun. Cancelling it would lose the change it was for. */
async function readMore({ isFetching, refetch, fetchNextPage }: MorePages): Promise<void> {
  if (isFetching) await refetch({ cancelRefetch: false });
  await fetchNextPage({ cancelRefetch: false });
}

export function MoreButton({ query }: { query: MorePages }) {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <Button
      variant="default"
      size="xs"
      onClick={() => void readMore(query)}
      loading={query.isFetchingNextPage}
    >
      {t("table.more")}
    </Button>
  );
}

/** How many rows there are, and more of them. */
export function ShowMore({ shown, query }: { shown: number; query: MorePages }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  if (shown === 0) return null;
  return (
    <Group justify="center" mt="sm" gap="md">
      <Text size="sm" c="dimmed" role="status">
        {t("table.shown", { count: shown, number: count(shown) })}
      </Text>
      <MoreButton query={query} />
    </Group>
  );
}

// A list that comes in pages, as a table: its first load, its errors, and the button for more.
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { DataTable, type DataTableProps, ShowMore } from "./data-table";
import { Loaded } from "./loaded";

export type PagesOf<Row> = UseInfiniteQueryResult<InfiniteData<{ items: Row[] }>>;

/** The rows of all pages that are loaded. */
export function useRows<Row>({ data }: Pick<PagesOf<Row>, "data">): Row[] {
  return useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
}

type Props<Row> = Omit<DataTableProps<Row>, "isOutdated"> & {
  query: PagesOf<Row>;
  /** Number of lines of the skeleton. */
  lines?: number;
};

export function PagedTable<Row>({ query, lines, ...table }: Props<Row>) {
  return (
    <Loaded query={query} {...(lines === undefined ? {} : { lines })}>
      {() => (
        <>
          <DataTable {...table} isOutdated={query.isPlaceholderData} />
          <ShowMore shown={table.rows.length} query={query} />
        </>
      )}
    </Loaded>
  );
}

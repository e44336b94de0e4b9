// Everyone's wallets.
import { Group, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { walletsQuery } from "../../api/books";
import { api } from "../../api/client";
import type { Wallet } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { Filters } from "../../parts/filters";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";

export function WalletsPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/books/wallets" });
  const navigate = useNavigate({ from: "/books/wallets" });
  const [typed, setTyped] = useState(filter.q ?? "");
  useEffect(() => setTyped(filter.q ?? ""), [filter.q]);
  const change = (change: { q?: string | undefined; below_zero?: true | undefined }) =>
    void navigate({
      search: Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    });
  const find = useDebouncedCallback((q: string) => change({ q: q.trim() || undefined }), 300);
  const query = useInfiniteQuery(walletsQuery(filter));
  const rows = useRows(query);
  const columns = useMemo<Column<Wallet>[]>(
    () => [
      {
        id: "person",
        header: t("books.person"),
        card: "title",
        cell: ({ person }) => (
          <TextLink to="/books/wallets/$personId" params={{ personId: person.id }} data-row-link>
            {person.name ?? "…"}
          </TextLink>
        ),
      },
      {
        id: "balance",
        header: t("wallet.balance"),
        align: "right",
        cell: ({ balance }) => <Amount of={balance} />,
      },
      {
        id: "today",
        header: t("wallet.today"),
        align: "right",
        cell: ({ today }) => <Amount of={today} change />,
      },
    ],
    [t],
  );
  return (
    <>
      <PageTitle title={t("books.wallets")} />
      <Group justify="space-between" align="flex-end" mb="md">
        <Group
          gap="xs"
          align="flex-end"
          role="search"
          aria-label={t("books.wallets")}
          style={{ flex: "1 1 auto" }}
        >
          <TextInput
            type="search"
            label={t("books.name")}
            leftSection={<Search size={16} aria-hidden />}
            maxLength={200}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              find(event.currentTarget.value);
            }}
            data-search
            style={{ flex: "1 1 180px" }}
            maw={{ sm: 260 }}
          />
          <Filters values={[filter.below_zero]}>
            <Switch
              label={t("books.only_below_zero")}
              checked={filter.below_zero ?? false}
              onChange={(event) => change({ below_zero: event.currentTarget.checked || undefined })}
              mb={8}
            />
          </Filters>
        </Group>
        <CsvButton
          name="wallets"
          read={() => api.GET("/api/v1/wallets", { params: { query: filter }, ...AS_CSV })}
        />
      </Group>
      <PagedTable
        query={query}
        lines={8}
        label={t("books.wallets")}
        columns={columns}
        rows={rows}
        rowKey={({ person }) => person.id}
        empty={<Text c="dimmed">{t("books.no_wallets")}</Text>}
      />
    </>
  );
}

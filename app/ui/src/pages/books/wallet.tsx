// One person's wallet, with the correction of a line.
import { Group, Paper, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { transfersOfQuery, walletOfQuery } from "../../api/books";
import { api } from "../../api/client";
import { Amount } from "../../parts/amount";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { useWalletLineColumns } from "../../parts/transfer-columns";
import { TransferKindSelect } from "../../parts/transfer-kind-select";
import { useCorrection } from "./correction";

export function WalletOfPage() {
  const { t } = useTranslation();
  const { personId } = useParams({ from: "/shell/books/wallets/$personId" });
  const query = useQuery(walletOfQuery(personId));
  return (
    <>
      <TextLink to="/books/wallets">{t("books.all_wallets")}</TextLink>
      <Loaded query={query} lines={3}>
        {({ person, balance, today }) => (
          <>
            <PageTitle title={person.name ?? t("books.wallets")} />
            <Paper withBorder p="md" mb="xl">
              <Group gap="xl">
                <Figure name={t("wallet.balance")}>
                  <Amount of={balance} />
                </Figure>
                <Figure name={t("wallet.today")}>
                  <Amount of={today} change />
                </Figure>
              </Group>
            </Paper>
          </>
        )}
      </Loaded>
      <Lines personId={personId} />
    </>
  );
}

function Lines({ personId }: { personId: string }) {
  const { t } = useTranslation();
  const { kind } = useSearch({ from: "/shell/books/wallets/$personId" });
  const navigate = useNavigate({ from: "/books/wallets/$personId" });
  const query = useInfiniteQuery(transfersOfQuery(personId, kind ? { kind } : {}));
  const rows = useRows(query);
  const { columns, dialog } = useCorrection(useWalletLineColumns(), rows);
  return (
    <section aria-labelledby="lines">
      <Group justify="space-between" mb="sm" align="flex-end">
        <Title order={2} id="lines">
          {t("wallet.lines")}
        </Title>
        <Group gap="xs">
          <TransferKindSelect
            kind={kind}
            onChange={(kind) =>
              void navigate({ search: kind ? { kind } : {}, replace: true, resetScroll: false })
            }
          />
          <CsvButton
            name="transfers"
            read={() =>
              api.GET("/api/v1/wallets/{person_id}/transfers", {
                params: { path: { person_id: personId }, query: kind ? { kind } : {} },
                ...AS_CSV,
              })
            }
          />
        </Group>
      </Group>
      <PagedTable
        query={query}
        lines={8}
        label={t("wallet.lines")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text c="dimmed">{t("wallet.no_lines")}</Text>}
      />
      {dialog}
    </section>
  );
}

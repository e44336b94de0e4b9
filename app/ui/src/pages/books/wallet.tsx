// One person's wallet, with the correction of a line.
import { Group, Paper } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { transfersOfQuery, walletOfQuery } from "../../api/books";
import { api } from "../../api/client";
import { Amount } from "../../parts/amount";
import { AS_CSV } from "../../parts/csv-button";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { useRows } from "../../parts/paged-table";
import { TextLink } from "../../parts/text-link";
import { useWalletLineColumns } from "../../parts/transfer-columns";
import { TransferLines } from "../../parts/transfer-lines";
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
  const { kind } = useSearch({ from: "/shell/books/wallets/$personId" });
  const navigate = useNavigate({ from: "/books/wallets/$personId" });
  const query = useInfiniteQuery(transfersOfQuery(personId, kind ? { kind } : {}));
  const rows = useRows(query);
  const { columns, dialog } = useCorrection(useWalletLineColumns(), rows);
  return (
    <TransferLines
      query={query}
      rows={rows}
      columns={columns}
      kind={kind}
      onKindChange={(search) => void navigate({ search, replace: true, resetScroll: false })}
      csv={{
        name: "transfers",
        read: () =>
          api.GET("/api/v1/wallets/{person_id}/transfers", {
            params: { path: { person_id: personId }, query: kind ? { kind } : {} },
            ...AS_CSV,
          }),
      }}
    >
      {dialog}
    </TransferLines>
  );
}

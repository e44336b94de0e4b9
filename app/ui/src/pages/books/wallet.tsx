// One person's wallet, with the correction of a line.
import { Badge, Button, Group, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { reversedIn, transfersOfQuery, walletOfQuery } from "../../api/books";
import { api, dataOf, keyed } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMay, useMe } from "../../api/me";
import type { Transfer } from "../../api/queries";
import { Amount } from "../../parts/amount";
import { Confirm } from "../../parts/confirm";
import { AS_CSV, CsvButton } from "../../parts/csv-button";
import type { Column } from "../../parts/data-table";
import { Figure } from "../../parts/figure";
import { Loaded } from "../../parts/loaded";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { fieldTexts } from "../../parts/problem-text";
import { TextLink } from "../../parts/text-link";
import { TransferReason } from "../../parts/transfer-cells";
import { TransferKindSelect } from "../../parts/transfer-kind-select";
import { useDraft } from "../../parts/use-draft";
import { useFormat } from "../../parts/use-format";
import { useTransferColumns } from "../wallet/wallet";

const REASON_LENGTH_MAX = 500;

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
  const mayCorrect = useMay("post_corrections");
  const query = useInfiniteQuery(transfersOfQuery(personId, kind ? { kind } : {}));
  const rows = useRows(query);
  const reversed = useMemo(() => reversedIn(rows), [rows]);
  const [corrected, setCorrected] = useState<Transfer | null>(null);
  const lineColumns = useTransferColumns();
  const columns = useMemo<Column<Transfer>[]>(
    () => [
      ...lineColumns,
      ...(mayCorrect
        ? [
            {
              id: "correct",
              header: t("task.action"),
              align: "right" as const,
              width: 130,
              card: "action" as const,
              cell: (line: Transfer) => (
                <CorrectButton line={line} isReversed={reversed.has(line.id)} onCorrect={setCorrected} />
              ),
            },
          ]
        : []),
    ],
    [lineColumns, mayCorrect, reversed, t],
  );
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
      {corrected && <Correction key={corrected.id} line={corrected} onClose={() => setCorrected(null)} />}
    </section>
  );
}

function CorrectButton({
  line,
  isReversed,
  onCorrect,
}: {
  line: Transfer;
  isReversed: boolean;
  onCorrect: (line: Transfer) => void;
}) {
  const { t } = useTranslation();
  if (line.kind !== "assignment_fee" && line.kind !== "completion_reward") return null;
  if (isReversed) {
    return (
      <Badge color="gray" variant="outline">
        {t("correction.done")}
      </Badge>
    );
  }
  return (
    <Button
      size="compact-sm"
      variant="default"
      onClick={() => onCorrect(line)}
      aria-label={t("correction.label", { title: line.task?.title ?? "" })}
    >
      {t("correction.begin")}
    </Button>
  );
}

function Correction({ line, onClose }: { line: Transfer; onClose: () => void }) {
  const { t } = useTranslation();
  const { money } = useFormat();
  const me = useMe();
  const queryClient = useQueryClient();
  const { draft, change, clear } = useDraft(`correction.${line.id}`, me.id, { reason: "" });
  const correct = useCommand({
    send: (body: { transfer_id: string; reason: string }, key: string) =>
      dataOf(api.POST("/api/v1/corrections", { body, params: keyed(key) })),
    onSuccess: (correction) => {
      clear();
      onClose();
      void queryClient.invalidateQueries({ queryKey: ["books"] });
      notifications.show({
        color: "green",
        title: t("correction.booked"),
        message: money(correction.amount, { sign: "always" }),
      });
    },
    // Another person may have corrected it: then the list shows that.
    onError: () => void queryClient.invalidateQueries({ queryKey: ["books", "transfers"] }),
  });
  const reversal = { ...line.amount, amount_minor: -line.amount.amount_minor };
  return (
    <Confirm
      opened
      title={t("correction.title")}
      action={t("correction.confirm", { amount: money(reversal, { sign: "always" }) })}
      isPending={correct.isPending}
      isDisabled={draft.reason.trim() === ""}
      error={correct.error}
      onConfirm={() => correct.mutate({ transfer_id: line.id, reason: draft.reason })}
      onClose={onClose}
    >
      <Stack gap="xs">
        <TransferReason transfer={line} />
        <Text size="sm">{t("correction.text", { amount: money(reversal, { sign: "always" }) })}</Text>
        <Textarea
          label={t("correction.reason")}
          value={draft.reason}
          maxLength={REASON_LENGTH_MAX}
          onChange={(event) => change({ reason: event.currentTarget.value })}
          error={fieldTexts(t, correct.error).reason}
          autosize
          minRows={2}
          required
          data-autofocus
        />
      </Stack>
    </Confirm>
  );
}

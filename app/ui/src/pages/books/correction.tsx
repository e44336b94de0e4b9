// The correction of a ledger line, with a reason.
import { Badge, Button, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { reversedIn } from "../../api/books";
import { api, dataOf, keyed } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMay, useMe } from "../../api/me";
import type { Transfer } from "../../api/queries";
import { Confirm } from "../../parts/confirm";
import type { Column } from "../../parts/data-table";
import { fieldTexts } from "../../parts/problem-text";
import { TransferReason } from "../../parts/transfer-cells";
import { useDraft } from "../../parts/use-draft";
import { useFormat } from "../../parts/use-format";

const REASON_LENGTH_MAX = 500;

type Correcting = {
  /** The columns of a table of lines and, for a person who may correct them, the button of each line. */
  columns: Column<Transfer>[];
  /** The dialog of the line whose correction was begun. */
  dialog: ReactNode;
};

export function useCorrection(
  lineColumns: readonly Column<Transfer>[],
  rows: readonly Transfer[],
): Correcting {
  const { t } = useTranslation();
  const mayCorrect = useMay("post_corrections");
  const reversed = useMemo(() => reversedIn(rows), [rows]);
  const [corrected, setCorrected] = useState<Transfer | null>(null);
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
  const dialog = corrected && (
    <Correction key={corrected.id} line={corrected} onClose={() => setCorrected(null)} />
  );
  return { columns, dialog };
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

// The cells that several tables of ledger lines share.

import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Transfer } from "../api/queries";
import { TextLink } from "./text-link";

/** What a line is for: the task, or the reason of a correction. */
export function TransferReason({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation();
  const { kind, task, reason } = transfer;
  return (
    <Stack gap={0} miw={0}>
      <Text span size="sm">
        {t(`transfer.${kind}`)}
        {reason && `: ${reason}`}
      </Text>
      {task && (
        <TextLink
          to="/tasks/$taskId"
          params={{ taskId: task.id }}
          size="sm"
          lineClamp={1}
          data-row-link
          mih={24}
        >
          {task.title ?? t("transfer.task")}
        </TextLink>
      )}
    </Stack>
  );
}

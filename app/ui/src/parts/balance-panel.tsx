// The own balance, and today.

import { Divider, Group, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { walletQuery } from "../api/queries";
import { sum } from "../format/money";
import { usePendingBookings } from "../live/completions";
import { useRefetchInterval } from "../live/use-live";
import { Amount } from "./amount";
import { Loaded } from "./loaded";
import { useFormat } from "./use-format";

type Props = { children: (isDebt: boolean) => ReactNode };

/** `children` shows what stands below the figures. */
export function BalancePanel({ children }: Props) {
  const { t } = useTranslation();
  const wallet = useQuery({ ...walletQuery, refetchInterval: useRefetchInterval() });
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="balance">
      <Title order={2} id="balance" fz="sm" c="dimmed" fw={500}>
        {t("wallet.balance")}
      </Title>
      <Loaded query={wallet} lines={2}>
        {({ balance, today }) => (
          <Stack gap="xs">
            <Text fz={28} fw={600} lh={1.3}>
              <Amount of={balance} />
            </Text>
            <BeingBooked />
            <Divider />
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                {t("wallet.today")}
              </Text>
              <Text size="sm">
                <Amount of={today} change />
              </Text>
            </Group>
            {children(balance.amount_minor < 0)}
          </Stack>
        )}
      </Loaded>
    </Paper>
  );
}

/** What is earned and not in the balance yet. */
export function BeingBooked() {
  const { t } = useTranslation();
  const { money } = useFormat();
  const pending = usePendingBookings();
  const rewards = pending.flatMap(({ task }) => (task.price ? [task.price.reward] : []));
  const total = sum(rewards);
  return (
    <div role="status">
      {total && (
        <Group gap="xs">
          <Loader size={14} aria-hidden />
          <Text size="sm">{t("wallet.being_booked", { amount: money(total, { sign: "always" }) })}</Text>
        </Group>
      )}
    </div>
  );
}

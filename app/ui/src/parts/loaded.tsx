// The states of what is loaded: a skeleton at the first load only, old data while new data comes, an
// error in place.
import { Alert, Group, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "./failure";
import { problemText } from "./problem-text";

type Props<T> = {
  query: Pick<UseQueryResult<T>, "data" | "error" | "fetchStatus" | "refetch">;
  children: (data: T) => ReactNode;
  /** Number of lines of the skeleton. */
  lines?: number;
};

export function Loaded<T>({ query, children, lines = 3 }: Props<T>) {
  const { t } = useTranslation();
  const { data, error, fetchStatus, refetch } = query;
  if (data !== undefined) {
    return (
      <>
        {error && <NotRenewed error={error} onRetry={() => void refetch()} />}
        {children(data)}
      </>
    );
  }
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (fetchStatus === "paused") return <Text c="dimmed">{t("failure.offline_nothing")}</Text>;
  return <Lines count={lines} />;
}

export function Lines({ count }: { count: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" role="status" aria-label={t("loading")}>
      {Array.from({ length: count }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines have no identity and no order
        <Skeleton key={line} height={24} width={line % 3 === 2 ? "70%" : "100%"} />
      ))}
    </Stack>
  );
}

function NotRenewed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="yellow" variant="outline" mb="sm" p="xs" role="status">
      <Group gap="xs">
        <Text size="sm">{t("failure.not_renewed", { reason: problemText(t, error) })}</Text>
        <UnstyledButton onClick={onRetry} td="underline" fz="sm" mih={24}>
          {t("failure.retry")}
        </UnstyledButton>
      </Group>
    </Alert>
  );
}

// An error where it happened: what it means, the request id, and another try.
import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { isProblem, ProblemError } from "../api/problem";
import { problemText } from "./problem-text";

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const requestId = isProblem(error) ? error.requestId : "";
  return (
    <Alert color="red" variant="outline" icon={<CircleAlert aria-hidden />} title={t("failure.title")}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problemText(t, error)}</Text>
        {requestId !== "" && <RequestId id={requestId} />}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("failure.retry")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Below a form: why the command failed. Errors of single fields stand at the fields. */
export function CommandFailure({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (!error) return null;
  const isOfFields =
    error instanceof ProblemError && error.errors.some(({ pointer }) => pointer.startsWith("/"));
  return (
    <Alert color="red" variant="outline" role="alert" icon={<CircleAlert aria-hidden />}>
      <Stack gap={4}>
        <Text size="sm">{isOfFields ? t("failure.fields") : problemText(t, error)}</Text>
        {isProblem(error) && error.requestId !== "" && <RequestId id={error.requestId} />}
      </Stack>
    </Alert>
  );
}

function RequestId({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <Group gap={4} wrap="wrap">
      <Text size="xs" c="dimmed">
        {t("failure.request_id")}
      </Text>
      <Code style={{ overflowWrap: "anywhere" }}>{id}</Code>
    </Group>
  );
}

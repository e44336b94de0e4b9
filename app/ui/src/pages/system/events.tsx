// Events that a module could not apply, and what an admin does with each.
import { Button, Code, Group, Paper, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type ModuleName, moduleQuery, modulesQuery, parkedEventsQuery } from "../../api/admin";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMe } from "../../api/me";
import { Boundary } from "../../parts/boundary";
import { Confirm } from "../../parts/confirm";
import { ShowMore } from "../../parts/data-table";
import { Loaded } from "../../parts/loaded";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { fieldTexts, problemText } from "../../parts/problem-text";
import { Section } from "../../parts/section";
import { useDraft } from "../../parts/use-draft";

type ParkedEvent = Schemas["ParkedEvent"];

export function EventsPage() {
  const { t } = useTranslation();
  const query = useQuery(modulesQuery);
  return (
    <>
      <PageTitle title={t("system.events")} />
      <Text size="sm" mb="md" maw={640}>
        {t("system.events_text")}
      </Text>
      <Loaded query={query}>
        {(modules) => (
          <Stack gap="md">
            {modules.map(({ name }) => (
              <Boundary key={name}>
                <ParkedEvents module={name} />
              </Boundary>
            ))}
          </Stack>
        )}
      </Loaded>
    </>
  );
}

function ParkedEvents({ module }: { module: ModuleName }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(parkedEventsQuery(module));
  const events = query.data?.pages.flatMap(({ items }) => items) ?? [];
  if (query.isSuccess && events.length === 0) {
    return (
      <Text size="sm">
        {t(`system.module_names.${module}`)}
        {": "}
        {t("system.no_events")}
      </Text>
    );
  }
  return (
    <Section title={t(`system.module_names.${module}`)}>
      <Loaded query={query} lines={1}>
        {() => (
          <Stack gap="sm">
            {events.map((event) => (
              <ParkedEventCard key={event.id} module={module} event={event} />
            ))}
            <ShowMore shown={events.length} query={query} />
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

function ParkedEventCard({ module, event }: { module: ModuleName; event: ParkedEvent }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isOpen, { open, close }] = useDisclosure();
  const changed = () => {
    void queryClient.invalidateQueries(parkedEventsQuery(module));
    void queryClient.invalidateQueries(moduleQuery(module));
  };
  const retry = useCommand<Schemas["ParkedEventChanged"]>({
    send: (_, key) =>
      dataOf(
        api.POST("/api/v1/admin/modules/{module}/parked-events/{id}/retry", {
          params: { path: { module, id: event.id }, ...keyed(key) },
        }),
      ),
    onSuccess: () =>
      notifications.show({ color: "green", title: t("system.retried"), message: event.event_type }),
    onError: (error) =>
      notifications.show({ color: "red", title: t("failure.title"), message: problemText(t, error) }),
    onSettled: changed,
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={500} ff="monospace" size="sm">
            {event.event_type}
          </Text>
          <Text size="sm" c="dimmed">
            <Moment at={event.received_at} /> · {t("system.attempts", { count: event.attempts })}
          </Text>
        </Group>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {event.last_error}
        </Text>
        <details>
          <summary style={{ cursor: "pointer", minHeight: 24, fontSize: "var(--mantine-font-size-sm)" }}>
            {t("system.whole_event")}
          </summary>
          <Code block style={{ overflowX: "auto" }} tabIndex={0}>
            {JSON.stringify(event.event, null, 2)}
          </Code>
        </details>
        <Group gap="xs">
          <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate()}>
            {t("system.retry_now")}
          </Button>
          <Button size="xs" variant="outline" color="red" onClick={open}>
            {t("system.discard")}
          </Button>
        </Group>
      </Stack>
      {isOpen && <Discard module={module} event={event} onClose={close} onDone={changed} />}
    </Paper>
  );
}

function Discard({
  module,
  event,
  onClose,
  onDone,
}: {
  module: ModuleName;
  event: ParkedEvent;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const { draft, change, clear } = useDraft(`discard.${event.id}`, me.id, { reason: "" });
  const discard = useCommand({
    send: (body: { reason: string }, key: string) =>
      dataOf(
        api.POST("/api/v1/admin/modules/{module}/parked-events/{id}/discard", {
          body,
          params: { path: { module, id: event.id }, ...keyed(key) },
        }),
      ),
    onSuccess: () => {
      clear();
      onClose();
      onDone();
    },
  });
  return (
    <Confirm
      opened
      title={t("system.discard_title")}
      action={t("system.discard_confirm")}
      isDangerous
      isPending={discard.isPending}
      isDisabled={draft.reason.trim() === ""}
      error={discard.error}
      onConfirm={() => discard.mutate({ reason: draft.reason })}
      onClose={onClose}
    >
      <Text size="sm">{t("system.discard_text")}</Text>
      <Textarea
        label={t("correction.reason")}
        value={draft.reason}
        maxLength={500}
        onChange={(changed) => change({ reason: changed.currentTarget.value })}
        error={fieldTexts(t, discard.error).reason}
        autosize
        minRows={2}
        required
        data-autofocus
      />
    </Confirm>
  );
}

import { Badge, Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, done, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { page, paged } from "../../api/queries";
import type { Column } from "../../parts/data-table";
import { Moment } from "../../parts/moment";
import { PagedTable, useRows } from "../../parts/paged-table";
import { problemText } from "../../parts/problem-text";

type Session = Schemas["SessionView"];

export function Sessions() {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: ["account", "sessions"],
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET("/api/v1/sessions", { params: { query: page(pageParam) }, signal })),
    ...paged,
  });
  const rows = useRows(query);
  const columns = useMemo<Column<Session>[]>(
    () => [
      {
        id: "device",
        header: t("account.device"),
        card: "title",
        cell: (session) => <Device session={session} />,
      },
      {
        id: "used",
        header: t("account.last_used"),
        width: 130,
        cell: ({ last_used_at }) => <Moment at={last_used_at} />,
      },
      {
        id: "end",
        header: t("task.action"),
        align: "right",
        width: 120,
        card: "action",
        cell: (session) => <EndButton session={session} />,
      },
    ],
    [t],
  );
  return (
    <PagedTable
      query={query}
      label={t("account.sessions")}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      empty={null}
    />
  );
}

/** What a browser calls itself, short: its name and the system. */
function deviceName(agent: string | null): string {
  if (!agent) return "?";
  const browser = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`));
  const system = ["Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux"].find((name) =>
    agent.includes(name),
  );
  return browser
    ? [browser === "Edg" ? "Edge" : browser, system].filter(Boolean).join(", ")
    : agent.slice(0, 60);
}

function Device({ session }: { session: Session }) {
  const { t } = useTranslation();
  return (
    <div>
      <Group gap="xs">
        <Text size="sm">{deviceName(session.user_agent)}</Text>
        {session.current && <Badge>{t("account.this_session")}</Badge>}
      </Group>
      <Text size="xs" c="dimmed">
        {session.client_address}
      </Text>
    </div>
  );
}

function EndButton({ session }: { session: Session }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const end = useCommand<unknown>({
    send: () => done(api.DELETE("/api/v1/sessions/{id}", { params: { path: { id: session.id } } })),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ["account", "sessions"] }),
    onError: (error) =>
      notifications.show({ color: "red", title: t("failure.title"), message: problemText(t, error) }),
  });
  // This session ends by signing out.
  if (session.current) return null;
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={end.isPending}
      onClick={() => end.mutate()}
      aria-label={t("account.end_label", { device: deviceName(session.user_agent) })}
    >
      {t("account.end")}
    </Button>
  );
}

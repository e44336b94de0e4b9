// The mails, and those that were not delivered.
import { Badge, Button, Group, Select, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { MAIL_STATUSES, type MailStatus, mailsQuery } from "../../api/admin";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { Confirm } from "../../parts/confirm";
import type { Column } from "../../parts/data-table";
import { Filters } from "../../parts/filters";
import { Moment } from "../../parts/moment";
import { PageTitle } from "../../parts/page-title";
import { PagedTable, useRows } from "../../parts/paged-table";
import { Person } from "../../parts/person";
import { problemText } from "../../parts/problem-text";
import { useFormat } from "../../parts/use-format";

type Mail = Schemas["MailView"];

const COLOURS = { queued: "cyan", sent: "gray", parked: "red" } as const;

export function MailPage() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/shell/system/mail" });
  const navigate = useNavigate({ from: "/system/mail" });
  const query = useInfiniteQuery(mailsQuery(filter));
  const rows = useRows(query);
  const columns = useMailColumns();
  return (
    <>
      <PageTitle title={t("system.mail")}>
        <ResendParked />
      </PageTitle>
      <Group mb="md">
        <Filters values={[filter.status]}>
          <Select
            label={t("board.status")}
            data={[
              { value: "", label: t("board.all") },
              ...MAIL_STATUSES.map((value) => ({ value, label: t(`mail.${value}`) })),
            ]}
            value={filter.status ?? ""}
            allowDeselect={false}
            onChange={(status) =>
              void navigate({
                search: status ? { status: status as MailStatus } : {},
                replace: true,
                resetScroll: false,
              })
            }
          />
        </Filters>
      </Group>
      <PagedTable
        query={query}
        lines={8}
        label={t("system.mail")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text c="dimmed">{t("mail.none")}</Text>}
      />
    </>
  );
}

function useMailColumns(): Column<Mail>[] {
  const { t } = useTranslation();
  const { day } = useFormat();
  return useMemo(
    () => [
      {
        id: "to",
        header: t("mail.to"),
        card: "title",
        cell: ({ person, to }) => (
          <div>
            <Text size="sm">
              <Person {...person} />
            </Text>
            {to && (
              <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {to}
              </Text>
            )}
          </div>
        ),
      },
      {
        id: "kind",
        header: t("mail.kind"),
        cell: ({ kind, date }) =>
          `${t(`mail.kinds.${kind}` as never, { defaultValue: kind })} · ${day(date)}`,
      },
      {
        id: "status",
        header: t("board.status"),
        cell: ({ status, last_error, attempts, text_deleted_at }) => (
          <div>
            <Badge color={COLOURS[status]} variant="outline">
              {t(`mail.${status}`)}
            </Badge>
            {text_deleted_at && (
              <Text size="xs" c="dimmed">
                {t("mail.text_deleted")}
              </Text>
            )}
            {last_error && status !== "sent" && (
              <Text size="xs" style={{ overflowWrap: "anywhere" }}>
                {last_error} ({t("system.attempts", { count: attempts })})
              </Text>
            )}
          </div>
        ),
      },
      {
        id: "when",
        header: t("mail.when"),
        align: "right",
        width: 130,
        cell: ({ sent_at, created_at }) => <Moment at={sent_at ?? created_at} />,
      },
      {
        id: "resend",
        header: t("task.action"),
        align: "right",
        width: 190,
        card: "action",
        cell: (mail) => <ResendButton mail={mail} />,
      },
    ],
    [t, day],
  );
}

function ResendButton({ mail }: { mail: Mail }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const resend = useCommand<Mail>({
    send: (_, key) =>
      dataOf(
        api.POST("/api/v1/admin/emails/{id}/resend", { params: { path: { id: mail.id }, ...keyed(key) } }),
      ),
    onSettled: () => void queryClient.invalidateQueries({ queryKey: ["system", "mails"] }),
    onError: (error) =>
      notifications.show({ color: "red", title: t("failure.title"), message: problemText(t, error) }),
  });
  if (mail.status === "queued" || mail.text_deleted_at) return null;
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={resend.isPending}
      onClick={() => resend.mutate()}
      aria-label={t("mail.resend_label", { to: mail.to ?? "" })}
    >
      {t("mail.resend")}
    </Button>
  );
}

function ResendParked() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isOpen, { open, close }] = useDisclosure();
  const resend = useCommand<Schemas["QueuedMailsView"]>({
    send: (_, key) => dataOf(api.POST("/api/v1/admin/emails/resend", { params: keyed(key) })),
    onSuccess: ({ queued }) => {
      close();
      notifications.show({ color: "green", title: t("mail.queued_again", { count: queued }), message: "" });
      void queryClient.invalidateQueries({ queryKey: ["system", "mails"] });
    },
  });
  return (
    <>
      <Button variant="default" onClick={open}>
        {t("mail.resend_parked")}
      </Button>
      <Confirm
        opened={isOpen}
        title={t("mail.resend_title")}
        action={t("mail.resend_confirm")}
        isPending={resend.isPending}
        error={resend.error}
        onConfirm={() => resend.mutate()}
        onClose={close}
      >
        <Text size="sm">{t("mail.resend_text")}</Text>
      </Confirm>
    </>
  );
}

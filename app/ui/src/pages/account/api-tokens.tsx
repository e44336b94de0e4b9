import { Alert, Button, Checkbox, CopyButton, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, done, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMe } from "../../api/me";
import { page, paged } from "../../api/queries";
import { Confirm } from "../../parts/confirm";
import type { Column } from "../../parts/data-table";
import { Dialog } from "../../parts/dialog";
import { CommandFailure } from "../../parts/failure";
import { Moment } from "../../parts/moment";
import { PagedTable, useRows } from "../../parts/paged-table";
import { fieldTexts, problemText } from "../../parts/problem-text";
import { FormButtons } from "../../parts/side-drawer";
import { useDraft } from "../../parts/use-draft";

type ApiToken = Schemas["ApiTokenView"];

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFETIMES_DAYS = [7, 30, 90] as const;

export function ApiTokens() {
  const { t } = useTranslation();
  const [isOpen, { open, close }] = useDisclosure();
  const query = useInfiniteQuery({
    queryKey: ["account", "tokens"],
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET("/api/v1/me/tokens", { params: { query: page(pageParam) }, signal })),
    ...paged,
  });
  const rows = useRows(query);
  const columns = useMemo<Column<ApiToken>[]>(
    () => [
      { id: "name", header: t("set_password.name"), card: "title", cell: ({ name }) => name },
      { id: "scopes", header: t("account.scopes"), cell: ({ scopes }) => scopes.join(", ") },
      {
        id: "expires",
        header: t("account.expires"),
        width: 130,
        cell: ({ expires_at }) => <Moment at={expires_at} />,
      },
      {
        id: "used",
        header: t("account.last_used"),
        width: 130,
        cell: ({ last_used_at }) => (last_used_at ? <Moment at={last_used_at} /> : t("account.never")),
      },
      {
        id: "revoke",
        header: t("task.action"),
        align: "right",
        width: 110,
        card: "action",
        cell: (token) => <RevokeButton token={token} />,
      },
    ],
    [t],
  );
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t("account.tokens_text")}
      </Text>
      <PagedTable
        query={query}
        label={t("account.tokens")}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        empty={<Text size="sm">{t("account.no_tokens")}</Text>}
      />
      <Group>
        <Button variant="default" onClick={open}>
          {t("account.create_token")}
        </Button>
      </Group>
      <Dialog opened={isOpen} onClose={close} title={t("account.create_token")}>
        <CreateToken onClose={close} />
      </Dialog>
    </Stack>
  );
}

function CreateToken({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const queryClient = useQueryClient();
  const { draft, change, clear } = useDraft("api-token", me.id, { name: "", write: false, days: 30 });
  const create = useCommand({
    // The key belongs to the form, so the time is computed when it is sent.
    send: ({ name, write, days }: typeof draft, key: string) =>
      dataOf(
        api.POST("/api/v1/me/tokens", {
          body: {
            name,
            scopes: write ? ["read", "write"] : ["read"],
            expires_at: new Date(Date.now() + days * DAY_MS).toISOString(),
          },
          params: keyed(key),
        }),
      ),
    onSuccess: () => {
      clear();
      void queryClient.invalidateQueries({ queryKey: ["account", "tokens"] });
    },
  });
  if (create.data) return <Created token={create.data.token} onClose={onClose} />;
  const fields = fieldTexts(t, create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(draft);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t("set_password.name")}
          description={t("account.token_name_text")}
          value={draft.name}
          maxLength={100}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={fields.name}
          required
          data-autofocus
        />
        <Checkbox
          label={t("account.may_write")}
          checked={draft.write}
          onChange={(event) => change({ write: event.currentTarget.checked })}
        />
        <Select
          label={t("account.lifetime")}
          data={LIFETIMES_DAYS.map((days) => ({
            value: String(days),
            label: t("account.days", { count: days, number: String(days) }),
          }))}
          value={String(draft.days)}
          allowDeselect={false}
          onChange={(days) => change({ days: Number(days) })}
          error={fields.expires_at}
        />
        <CommandFailure error={create.error} />
        <FormButtons action={t("create.submit")} isPending={create.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

function Created({ token, onClose }: { token: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Alert color="yellow" variant="outline" p="xs">
        {t("account.token_once")}
      </Alert>
      <TextInput label={t("account.token")} value={token} readOnly ff="monospace" data-autofocus />
      <Group justify="flex-end">
        <CopyButton value={token}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {t(copied ? "copied" : "copy")}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>{t("close")}</Button>
      </Group>
    </Stack>
  );
}

function RevokeButton({ token }: { token: ApiToken }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isOpen, { open, close }] = useDisclosure();
  const revoke = useCommand<unknown>({
    send: () => done(api.DELETE("/api/v1/me/tokens/{id}", { params: { path: { id: token.id } } })),
    onSuccess: () => {
      close();
      void queryClient.invalidateQueries({ queryKey: ["account", "tokens"] });
    },
    onError: (error) =>
      notifications.show({ color: "red", title: t("failure.title"), message: problemText(t, error) }),
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        onClick={open}
        aria-label={t("account.revoke_label", { name: token.name })}
      >
        {t("account.revoke")}
      </Button>
      <Confirm
        opened={isOpen}
        title={t("account.revoke_label", { name: token.name })}
        action={t("account.revoke")}
        isDangerous
        isPending={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate()}
        onClose={close}
      >
        <Text size="sm">{t("account.revoke_text")}</Text>
      </Confirm>
    </>
  );
}

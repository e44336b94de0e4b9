// Creates a task, in a drawer that opens on every page. What was typed is kept until it is sent.

import { Alert, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMe } from "../../api/me";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { FormButtons, SideDrawer } from "../../parts/side-drawer";
import { TextLink } from "../../parts/text-link";
import { useDraft } from "../../parts/use-draft";
import { showCreated } from "./show-created";

let isOpen = false;
const listeners = new Set<() => void>();

function setOpen(value: boolean): void {
  isOpen = value;
  for (const listener of listeners) listener();
}

export const openCreateTask = () => setOpen(true);

const EMPTY = { title: "", reference: "", link: "", description: "" };

/** The drawer; one in the shell. */
export function CreateTaskDrawer() {
  const { t } = useTranslation();
  const opened = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isOpen,
  );
  return (
    <SideDrawer opened={opened} onClose={() => setOpen(false)} title={t("create.title")}>
      <CreateTaskForm onDone={() => setOpen(false)} />
    </SideDrawer>
  );
}

function CreateTaskForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const queryClient = useQueryClient();
  const { draft, change, clear } = useDraft("create-task", me.id, EMPTY);
  const create = useCommand({
    send: (body: Schemas["CreateTaskRequest"], key: string) =>
      dataOf(api.POST("/api/v1/tasks", { body, params: keyed(key) })),
    onSuccess: (task) => {
      clear();
      onDone();
      showCreated(queryClient, task, me.id);
      notifications.show({
        color: "green",
        title: t("create.created", { name: task.assignee.name ?? "…" }),
        message: (
          <TextLink to="/tasks/$taskId" params={{ taskId: task.id }} size="sm">
            {task.title}
          </TextLink>
        ),
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { title, reference, link, description } = draft;
    create.mutate({
      title,
      ...(reference.trim() ? { reference: reference.trim() } : {}),
      ...(link.trim() ? { link: link.trim() } : {}),
      ...(description.trim() ? { description } : {}),
    });
  };
  const fields = fieldTexts(t, create.error);

  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t("create.what")}
        </Text>
        <TextInput
          label={t("task.title")}
          value={draft.title}
          onChange={(event) => change({ title: event.currentTarget.value })}
          error={fields.title}
          maxLength={600}
          required
          data-autofocus
        />
        <TextInput
          label={t("task.reference")}
          description={t("create.reference_hint")}
          placeholder="POP-42"
          value={draft.reference}
          onChange={(event) => change({ reference: event.currentTarget.value })}
          error={fields.reference}
        />
        <TextInput
          label={t("task.link")}
          type="url"
          placeholder="https://"
          value={draft.link}
          onChange={(event) => change({ link: event.currentTarget.value })}
          error={fields.link}
        />
        <Textarea
          label={t("task.description")}
          autosize
          minRows={4}
          maxRows={14}
          value={draft.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
          error={fields.description}
        />
        <CommandFailure error={create.error} />
        {create.error && (
          <Alert variant="transparent" p={0} c="dimmed">
            {t("create.kept")}
          </Alert>
        )}
        <FormButtons action={t("create.submit")} isPending={create.isPending} onCancel={onDone} />
      </Stack>
    </form>
  );
}

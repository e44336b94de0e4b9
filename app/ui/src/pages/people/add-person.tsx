// Adds a person: with a mailed invitation, or with a link that is handed over.
import { Button, Group, Radio, Select, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ROLES, type Role } from "../../api/admin";
import { api, dataOf, keyed, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { useMe } from "../../api/me";
import { LANGUAGES } from "../../locales";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { FormButtons, SideDrawer } from "../../parts/side-drawer";
import { useDraft } from "../../parts/use-draft";
import { LANGUAGE_NAMES } from "../../shell/preferences";
import { OneTimeLink } from "./one-time-link";

const EMPTY = { email: "", name: "", role: "worker" as Role, language: "", invite: true };

export function AddPerson({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const [link, setLink] = useState<string | null>(null);
  const close = () => {
    setLink(null);
    onClose();
  };
  return (
    <SideDrawer opened={opened} onClose={close} title={t("people.add")}>
      {link ? (
        <Stack>
          <OneTimeLink token={link} />
          <Group justify="flex-end">
            <Button onClick={close}>{t("close")}</Button>
          </Group>
        </Stack>
      ) : (
        <AddPersonForm onLink={setLink} onClose={close} />
      )}
    </SideDrawer>
  );
}

function AddPersonForm({ onLink, onClose }: { onLink: (token: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const queryClient = useQueryClient();
  const { draft, change, clear } = useDraft("add-person", me.id, EMPTY);
  const add = useCommand({
    send: (body: Schemas["CreatePersonRequest"], key: string) =>
      dataOf(api.POST("/api/v1/people", { body, params: keyed(key) })),
    onSuccess: (person, { invite }) => {
      clear();
      void queryClient.invalidateQueries({ queryKey: ["people"] });
      notifications.show({
        color: "green",
        title: t("people.added", { name: person.name }),
        message: invite ? t("people.invitation_to", { address: person.email }) : "",
      });
      if (person.set_password_token) onLink(person.set_password_token);
      else onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { email, name, role, language, invite } = draft;
    add.mutate({ email, name, role, invite, ...(language ? { language: language as "en" | "ru" } : {}) });
  };
  const fields = fieldTexts(t, add.error);
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          type="email"
          label={t("sign_in.email")}
          value={draft.email}
          onChange={(event) => change({ email: event.currentTarget.value })}
          error={fields.email}
          required
          data-autofocus
        />
        <TextInput
          label={t("set_password.name")}
          value={draft.name}
          maxLength={200}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={fields.name}
          required
        />
        <Select
          label={t("people.role")}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
          value={draft.role}
          allowDeselect={false}
          onChange={(role) => role && change({ role: role as Role })}
        />
        <Select
          label={t("shell.language")}
          data={[
            { value: "", label: t("people.default_language") },
            ...LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] })),
          ]}
          value={draft.language}
          allowDeselect={false}
          onChange={(language) => change({ language: language ?? "" })}
        />
        <Radio.Group
          label={t("people.first_login")}
          value={draft.invite ? "mail" : "link"}
          onChange={(way) => change({ invite: way === "mail" })}
        >
          <Stack gap="xs" mt={4}>
            <Radio value="mail" label={t("people.by_mail")} />
            <Radio value="link" label={t("people.by_link")} />
          </Stack>
        </Radio.Group>
        <CommandFailure error={add.error} />
        <FormButtons action={t("people.add")} isPending={add.isPending} onCancel={onClose} />
      </Stack>
    </form>
  );
}

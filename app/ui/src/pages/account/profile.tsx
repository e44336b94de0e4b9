import {
  Button,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
  useMantineColorScheme,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { type FormEvent, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { answerOf, api, type Schemas } from "../../api/client";
import { useCommand } from "../../api/command";
import { meQuery } from "../../api/me";
import { isProblem } from "../../api/problem";
import { isLanguage, LANGUAGES } from "../../locales";
import { Fact } from "../../parts/fact";
import { CommandFailure } from "../../parts/failure";
import { fieldTexts } from "../../parts/problem-text";
import { useDraft } from "../../parts/use-draft";
import { useFormat } from "../../parts/use-format";
import { LANGUAGE_NAMES, useChooseLanguage } from "../../shell/preferences";

function useUpdateMe(etag: string | null) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  return useCommand({
    send: (body: Schemas["UpdateMeRequest"]) =>
      answerOf(api.PATCH("/api/v1/me", { params: { header: { "If-Match": etag ?? "*" } }, body })),
    onSuccess: (answer) => {
      queryClient.setQueryData(meQuery.queryKey, answer);
      notifications.show({ color: "green", title: t("account.saved"), message: answer.data.name });
    },
    // Changed elsewhere: the next attempt is made for the present version, which the page then shows.
    onError: (error) => {
      if (isProblem(error, "precondition_failed")) void queryClient.invalidateQueries(meQuery);
    },
  });
}

export function Profile() {
  const { t } = useTranslation();
  const { data: me, etag } = useSuspenseQuery(meQuery).data;
  const { draft, change, clear } = useDraft<{ name?: string }>("profile", me.id, {});
  const { name = me.name } = draft;
  const save = useUpdateMe(etag);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name }, { onSuccess: clear });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Fact name={t("sign_in.email")}>{me.email}</Fact>
        <Fact name={t("people.role")}>{t(`roles.${me.role}`)}</Fact>
        <TextInput
          label={t("set_password.name")}
          autoComplete="name"
          value={name}
          maxLength={200}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={fieldTexts(t, save.error).name}
        />
        {isProblem(save.error, "precondition_failed") && (
          <Text size="sm">{t("conflict.now", { value: me.name })}</Text>
        )}
        <CommandFailure error={save.error} />
        <Group>
          <Button type="submit" variant="default" disabled={name === me.name} loading={save.isPending}>
            {t("account.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const THEMES = ["light", "dark", "auto"] as const;

/** The zone in which the person sees times. */
function TimeZone() {
  const { t } = useTranslation();
  const { data: me, etag } = useSuspenseQuery(meQuery).data;
  const { companyZone } = useFormat();
  const save = useUpdateMe(etag);
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const own = me.time_zone;
  return (
    <>
      <Select
        label={t("account.time_zone")}
        description={t("account.time_zone_text")}
        data={[
          { value: "", label: t("account.company_zone", { zone: companyZone }) },
          // The program knows more names than the browser lists.
          ...(own && !zones.includes(own) ? [own] : []),
          ...zones,
        ]}
        value={own ?? ""}
        allowDeselect={false}
        searchable
        limit={50}
        nothingFoundMessage={t("palette.nothing")}
        disabled={save.isPending}
        onChange={(zone) => save.mutate({ time_zone: zone || null })}
      />
      <CommandFailure error={save.error} />
    </>
  );
}

export function Appearance() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const chooseLanguage = useChooseLanguage();
  return (
    <Stack>
      <Select
        label={t("shell.language")}
        description={t("account.language_text")}
        data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        value={i18n.language}
        allowDeselect={false}
        onChange={(language) => isLanguage(language) && void chooseLanguage(language)}
      />
      <TimeZone />
      <div>
        <Text size="sm" fw={500} mb={4} id="theme">
          {t("shell.theme")}
        </Text>
        <SegmentedControl
          aria-labelledby="theme"
          data={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
          value={colorScheme}
          onChange={(scheme) => setColorScheme(scheme as (typeof THEMES)[number])}
          fullWidth
        />
      </div>
    </Stack>
  );
}

// Language and theme.
import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Check, Languages, Monitor, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { answerOf, api } from "../api/client";
import { meQuery } from "../api/me";
import { changeLanguage, LANGUAGES, type Language } from "../locales";

export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", ru: "Русский" };

/** Changes the language of the page, and of the person's mails if somebody is signed in. */
export function useChooseLanguage(): (language: Language) => Promise<void> {
  const queryClient = useQueryClient();
  const { t } = useTranslation();
  return async (language) => {
    try {
      await changeLanguage(language);
    } catch {
      notifications.show({ color: "red", title: t("failure.title"), message: t("problems.network") });
      return;
    }
    const me = queryClient.getQueryData(meQuery.queryKey);
    if (!me || me.data.language === language) return;
    const params = { header: { "If-Match": me.etag ?? "*" } };
    answerOf(api.PATCH("/api/v1/me", { params, body: { language } })).then(
      (answer) => queryClient.setQueryData(meQuery.queryKey, answer),
      // The page has the language; the account page shows what mails have.
      () => queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
    );
  };
}

export function LanguageItems() {
  const { i18n } = useTranslation();
  const choose = useChooseLanguage();
  return LANGUAGES.map((language) => (
    <Menu.RadioItem
      key={language}
      lang={language}
      value={language}
      checked={i18n.language === language}
      checkIcon={<Check size={14} aria-hidden />}
      closeMenuOnClick
      onChange={() => choose(language)}
    >
      {LANGUAGE_NAMES[language]}
    </Menu.RadioItem>
  ));
}

const THEMES = [
  { scheme: "light", icon: Sun },
  { scheme: "dark", icon: Moon },
  { scheme: "auto", icon: Monitor },
] as const;

export function ThemeItems() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return THEMES.map(({ scheme, icon: Icon }) => (
    <Menu.RadioItem
      key={scheme}
      value={scheme}
      checked={colorScheme === scheme}
      checkIcon={<Check size={14} aria-hidden />}
      closeMenuOnClick
      onChange={() => setColorScheme(scheme)}
      rightSection={<Icon size={16} aria-hidden />}
    >
      {t(`theme.${scheme}`)}
    </Menu.RadioItem>
  ));
}

export function LanguageMenu() {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon color="gray" aria-label={t("shell.language")}>
          <Languages size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <LanguageItems />
      </Menu.Dropdown>
    </Menu>
  );
}

export function ThemeMenu() {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon color="gray" aria-label={t("shell.theme")}>
          <Sun size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <ThemeItems />
      </Menu.Dropdown>
    </Menu>
  );
}

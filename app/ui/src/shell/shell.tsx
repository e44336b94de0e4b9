// The frame of every page: navigation by permission, the person's menu, banners.
import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  Stack,
  Text,
  type TextProps,
  UnstyledButton,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useMatches, useRouter, useRouterState } from "@tanstack/react-router";
import { ChevronDown, LogOut, Search } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useCommand } from "../api/command";
import { useMe } from "../api/me";
import { may } from "../api/permissions";
import { mySummaryQuery } from "../api/queries";
import { announceSession } from "../api/session";
import { useLiveChanges, useRefetchInterval } from "../live/use-live";
import { changeLanguage, isLanguage } from "../locales";
import { CreateTaskDrawer } from "../pages/board/create-task";
import { Boundary } from "../parts/boundary";
import { problemText } from "../parts/problem-text";
import { useFormat } from "../parts/use-format";
import { Banners } from "./banners";
import { type Page, pagesOf } from "./navigation";
import { Forbidden } from "./page-failure";
import { openPalette, Palette } from "./palette";
import { LanguageItems, LanguageMenu, ThemeItems, ThemeMenu } from "./preferences";
import { ShortcutHelp } from "./shortcut-help";
import { useShortcuts } from "./shortcuts";

export function Shell() {
  const { t } = useTranslation();
  const [isOpen, { toggle, close }] = useDisclosure();
  const me = useMe();
  const path = useRouterState({
    select: ({ resolvedLocation, location }) => (resolvedLocation ?? location).pathname,
  });
  const [isHelpOpen, { open: openHelp, close: closeHelp }] = useDisclosure();
  useLiveChanges();
  useShortcuts({ openHelp, openPalette });
  useFocusOnTitle();
  usePersonsLanguage();
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a href="#main" className="skip-link">
        {t("shell.skip")}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t(isOpen ? "shell.close_menu" : "shell.open_menu")}
              aria-expanded={isOpen}
            />
            <Text fw={700}>Piecework</Text>
          </Group>
          <Group gap={4} wrap="nowrap">
            <ActionIcon color="gray" aria-label={t("shell.palette")} onClick={openPalette}>
              <Search size={18} aria-hidden />
            </ActionIcon>
            <Group gap={4} visibleFrom="sm">
              <LanguageMenu />
              <ThemeMenu />
            </Group>
            <PersonMenu onHelp={openHelp} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t("shell.navigation")}>
        <Stack gap={2} style={{ flex: 1 }}>
          {pagesOf(me).map(({ to, label, icon: Icon, count }) => {
            const isActive = path === to || path.startsWith(`${to}/`);
            return (
              <NavLink
                key={to}
                component={Link}
                to={to}
                label={t(`nav.${label}`)}
                leftSection={<Icon size={18} aria-hidden />}
                rightSection={count && <Count of={count} />}
                active={isActive}
                aria-current={isActive ? "page" : undefined}
                onClick={close}
              />
            );
          })}
        </Stack>
        <Zones px="xs" />
      </AppShell.Navbar>
      <CreateTaskDrawer />
      <ShortcutHelp opened={isHelpOpen} onClose={closeHelp} />
      <Palette onHelp={openHelp} />
      <AppShell.Main id="main">
        <Stack gap="sm" maw={1200} mx="auto">
          <Banners />
          {/* Another page begins without the error of this one. */}
          <Boundary resetKey={path}>
            <PageOrForbidden />
          </Boundary>
          {/* The menu, which names them too, is closed on a narrow screen. */}
          <Zones hiddenFrom="sm" />
        </Stack>
      </AppShell.Main>
    </AppShell>
  );
}

/** The largest count that the program tells apart from more. */
const COUNT_LIMIT = 1000;

function Count({ of }: { of: NonNullable<Page["count"]> }) {
  const { t } = useTranslation();
  const { count } = useFormat();
  const { data } = useQuery({ ...mySummaryQuery, refetchInterval: useRefetchInterval() });
  const value = data?.[of] ?? 0;
  if (value === 0) return null;
  return (
    <Text span size="xs" c="dimmed">
      {value < COUNT_LIMIT ? count(value) : t("nav.or_more", { number: count(COUNT_LIMIT) })}
    </Text>
  );
}

/** The zones of the times and of the business days on the page. */
function Zones(place: Pick<TextProps, "px" | "hiddenFrom">) {
  const { t } = useTranslation();
  const { zone, companyZone } = useFormat();
  return (
    <Text size="xs" c="dimmed" {...place}>
      {t("shell.zone", { zone })}
      {zone !== companyZone && (
        <>
          <br />
          {t("shell.company_zone", { zone: companyZone })}
        </>
      )}
    </Text>
  );
}

function PageOrForbidden() {
  const me = useMe();
  const needed = useMatches({ select: (matches) => matches.map(({ staticData }) => staticData.permission) });
  const isAllowed = needed.every((permission) => permission === undefined || may(me, permission));
  return <div>{isAllowed ? <Outlet /> : <Forbidden />}</div>;
}

/**
 * After a navigation to another page, the heading has the focus, so that a screen reader reads it.
 * An address with a hash gives the focus to a part of the page.
 */
function useFocusOnTitle(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, toLocation }) => {
        if (!fromLocation || fromLocation.pathname === toLocation.pathname || toLocation.hash) return;
        document.querySelector<HTMLElement>("[data-page-title]")?.focus({ preventScroll: true });
      }),
    [router],
  );
}

/** The page has the language of the account, also in a browser that the person uses for the first time. */
function usePersonsLanguage(): void {
  const { language } = useMe();
  useEffect(() => {
    // Without its texts, the page stays in the language of the browser.
    if (isLanguage(language)) changeLanguage(language).catch(() => undefined);
  }, [language]);
}

function PersonMenu({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const signOut = useSignOut();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton px="xs" mih={36} aria-label={t("shell.person_menu", { name: me.name })}>
          <Group gap={4} wrap="nowrap">
            <Text size="sm" truncate maw={140}>
              {me.name}
            </Text>
            <ChevronDown size={16} aria-hidden />
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t(`roles.${me.role}`)}</Menu.Label>
        <Menu.Item component={Link} to="/account">
          {t("nav.account")}
        </Menu.Item>
        <Menu.Sub>
          <Menu.Sub.Target>
            <Menu.Sub.Item>{t("shell.language")}</Menu.Sub.Item>
          </Menu.Sub.Target>
          <Menu.Sub.Dropdown>
            <LanguageItems />
          </Menu.Sub.Dropdown>
        </Menu.Sub>
        <Menu.Sub>
          <Menu.Sub.Target>
            <Menu.Sub.Item>{t("shell.theme")}</Menu.Sub.Item>
          </Menu.Sub.Target>
          <Menu.Sub.Dropdown>
            <ThemeItems />
          </Menu.Sub.Dropdown>
        </Menu.Sub>
        <Menu.Item onClick={onHelp}>{t("keys.title")}</Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => signOut()}>
          {t("shell.sign_out")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function useSignOut(): () => void {
  const { t } = useTranslation();
  const { mutate } = useCommand({
    send: () => done(api.POST("/api/v1/auth/logout")),
    onSuccess: (provider) => {
      announceSession("left");
      // The session at the provider of single sign-on ends at its own address.
      if (provider) location.assign(provider.end_session_url);
    },
    onError: (error) =>
      notifications.show({ color: "red", title: t("shell.sign_out_failed"), message: problemText(t, error) }),
  });
  return mutate;
}

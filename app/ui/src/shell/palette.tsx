// Ctrl+K: every page and command by name, and tasks by what they are called.

import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight, type SpotlightActionData, useSpotlight } from "@mantine/spotlight";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Keyboard, Plus, Search } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, dataOf } from "../api/client";
import { useMe } from "../api/me";
import { openCreateTask } from "../pages/board/create-task";
import { pagesOf } from "./navigation";

const [store, palette] = createSpotlight();

export const openPalette = () => palette.open();

const FOUND_MAX = 7;
const QUERY_LENGTH_MIN = 2;

/** Only an opened palette is in the page: a closed one leaves its name in it. */
export function Palette({ onHelp }: { onHelp: () => void }) {
  const { opened } = useSpotlight(store);
  return opened && <OpenPalette onHelp={onHelp} />;
}

/** What leaves the page gives no focus back by itself. */
function useReturnedFocus(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (document.activeElement !== document.body || !(before instanceof HTMLElement)) return;
      before.focus({ preventScroll: true });
    },
    [before],
  );
}

function OpenPalette({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation();
  const router = useRouter();
  const me = useMe();
  useReturnedFocus();
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), 200);
  const { data: found } = useQuery({
    queryKey: ["tasks", "found", q],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/tasks", { params: { query: { q, limit: FOUND_MAX } }, signal })),
    enabled: q.length >= QUERY_LENGTH_MIN,
    placeholderData: keepPreviousData,
  });

  const commands = useMemo<SpotlightActionData[]>(
    () => [
      ...pagesOf(me).map(({ to, label, icon: Icon }) => ({
        id: to,
        label: t(`nav.${label}`),
        leftSection: <Icon size={18} aria-hidden />,
        onClick: () => void router.navigate({ to }),
      })),
      {
        id: "create",
        label: t("create.open"),
        leftSection: <Plus size={18} aria-hidden />,
        onClick: openCreateTask,
      },
      {
        id: "keys",
        label: t("keys.title"),
        leftSection: <Keyboard size={18} aria-hidden />,
        onClick: onHelp,
      },
    ],
    [me, t, router, onHelp],
  );
  const wanted = typed.trim().toLowerCase();
  const matching = commands.filter(({ label }) => label?.toLowerCase().includes(wanted));
  const tasks = q.length >= QUERY_LENGTH_MIN ? (found?.items ?? []) : [];

  return (
    <Spotlight.Root
      store={store}
      query={typed}
      onQueryChange={setTyped}
      shortcut={null}
      clearQueryOnClose
      scrollable
      maxHeight={420}
      // It has the focus at once: who types on after the shortcut types into it, not into the page.
      transitionProps={{ duration: 0 }}
      attributes={{ content: { "aria-label": t("palette.title") } }}
    >
      <Spotlight.Search
        placeholder={t("palette.hint")}
        aria-label={t("palette.hint")}
        leftSection={<Search size={18} aria-hidden />}
        autoFocus
      />
      <Spotlight.ActionsList>
        {matching.map(({ id, ...action }) => (
          <Spotlight.Action key={id} {...action} />
        ))}
        {tasks.length > 0 && (
          <Spotlight.ActionsGroup label={t("palette.tasks")}>
            {tasks.map(({ id, title, reference, assignee }) => (
              <Spotlight.Action
                key={id}
                label={reference ? `${reference} ${title}` : title}
                description={assignee.name ?? ""}
                onClick={() => void router.navigate({ to: "/tasks/$taskId", params: { taskId: id } })}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {matching.length === 0 && tasks.length === 0 && (
          <Spotlight.Empty>{t("palette.nothing")}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

// The pages in the navigation, each with the permission that shows it.
import type { LinkProps } from "@tanstack/react-router";
import {
  BookOpen,
  ChartColumn,
  LayoutList,
  ListTodo,
  type LucideIcon,
  Settings,
  Shuffle,
  Users,
  Wallet,
} from "lucide-react";
import type { Me } from "../api/me";
import { may, type Permission } from "../api/permissions";
import type en from "../locales/en.json";

export type Page = {
  to: NonNullable<LinkProps["to"]>;
  permission: Permission;
  label: keyof typeof en.nav;
  icon: LucideIcon;
  /** The count that stands beside the label. */
  count?: "my_open_tasks" | "unfinished_reassignments";
  /** The physical key that follows `g`. */
  key: string;
};

/** What every role may. */
export const EVERYONES: readonly Permission[] = ["be_known", "use_tasks", "see_own_wallet"];

export const PAGES: readonly Page[] = [
  {
    to: "/my-tasks",
    permission: "use_tasks",
    label: "my_tasks",
    icon: ListTodo,
    count: "my_open_tasks",
    key: "KeyM",
  },
  { to: "/tasks", permission: "use_tasks", label: "board", icon: LayoutList, key: "KeyB" },
  { to: "/wallet", permission: "see_own_wallet", label: "wallet", icon: Wallet, key: "KeyW" },
  {
    to: "/reassign",
    permission: "reassign_tasks",
    label: "reassign",
    icon: Shuffle,
    count: "unfinished_reassignments",
    key: "KeyR",
  },
  { to: "/books", permission: "see_books", label: "books", icon: BookOpen, key: "KeyO" },
  { to: "/analytics", permission: "see_analytics", label: "analytics", icon: ChartColumn, key: "KeyA" },
  { to: "/people", permission: "manage_people", label: "people", icon: Users, key: "KeyP" },
  { to: "/system", permission: "operate_system", label: "system", icon: Settings, key: "KeyS" },
];

export function pagesOf(me: Me): readonly Page[] {
  return PAGES.filter((page) => may(me, page.permission));
}

// The first of these that a person may see is where they begin.
const STARTS: readonly [Permission, NonNullable<LinkProps["to"]>][] = [
  ["see_analytics", "/analytics"],
  ["see_books", "/books/days"],
  ["reassign_tasks", "/tasks"],
  ["use_tasks", "/my-tasks"],
];

export function startPage(me: Me): NonNullable<LinkProps["to"]> {
  return STARTS.find(([permission]) => may(me, permission))?.[1] ?? "/my-tasks";
}

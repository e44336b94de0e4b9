import type { Schemas } from "./client";

/** The permissions of the program (`modules/contracts/src/permission.rs`). */
export type Permission =
  | "be_known"
  | "use_tasks"
  | "see_own_wallet"
  | "reassign_tasks"
  | "see_books"
  | "close_days"
  | "post_corrections"
  | "see_analytics"
  | "manage_people"
  | "operate_system"
  | "see_audit";

export function may(me: Schemas["MeView"], permission: Permission): boolean {
  return me.permissions.includes(permission);
}

// What admins read.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { addDays, startOfDay } from "../format/time";
import { answerOf, api, dataOf, type Schemas } from "./client";
import { page, paged } from "./queries";
import type { paths } from "./schema";

export type ListedPerson = Schemas["ListedPersonView"];
export type Role = Schemas["Role"];
export const ROLES: readonly Role[] = ["worker", "accountant", "manager", "admin"];

export type PeopleFilter = { q?: string; role?: Role; active?: boolean };

export const peopleQuery = (filter: PeopleFilter) =>
  infiniteQueryOptions({
    queryKey: ["people", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/people", {
          params: { query: { ...filter, sort: "name", ...page(pageParam) } },
          signal,
        }),
      ),
    ...paged,
  });

/** A person with the version that an update has to name. */
export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", "one", id],
    queryFn: ({ signal }) => answerOf(api.GET("/api/v1/people/{id}", { params: { path: { id } }, signal })),
  });

const COUNT_MAX = 200;

/** How many open tasks a person has; `isMore` if there are more than are counted. */
export const openTasksOfQuery = (assignee: string) =>
  queryOptions({
    queryKey: ["tasks", "count", assignee],
    queryFn: async ({ signal }) => {
      const query = { status: "open" as const, assignee, limit: COUNT_MAX };
      const { items, next_cursor } = await dataOf(api.GET("/api/v1/tasks", { params: { query }, signal }));
      return { count: items.length, isMore: next_cursor !== null };
    },
  });

/** The program names its modules in the paths of the document. */
export type ModuleName = paths["/api/v1/admin/modules/{module}"]["get"]["parameters"]["path"]["module"];

export type ModulePlace = Schemas["ModulePlace"] & { name: ModuleName };

export const modulesQuery = queryOptions({
  queryKey: ["system", "modules"],
  queryFn: async ({ signal }) => {
    const { items } = await dataOf(api.GET("/api/v1/admin/modules", { signal }));
    return items.map((place) => ({ ...place, name: place.name as ModuleName }));
  },
});

export const moduleQuery = (module: ModuleName) =>
  queryOptions({
    queryKey: ["system", "module", module],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/api/v1/admin/modules/{module}", { params: { path: { module } }, signal })),
    refetchInterval: 30_000,
  });

export const parkedEventsQuery = (module: ModuleName) =>
  infiniteQueryOptions({
    queryKey: ["system", "parked", module],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/admin/modules/{module}/parked-events", {
          params: { path: { module }, query: page(pageParam) },
          signal,
        }),
      ),
    ...paged,
  });

export type MailStatus = Schemas["MailStatus"];
export const MAIL_STATUSES: readonly MailStatus[] = ["queued", "sent", "parked"];

export const mailsQuery = (filter: { status?: MailStatus; person_id?: string }) =>
  infiniteQueryOptions({
    queryKey: ["system", "mails", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/admin/emails", { params: { query: { ...filter, ...page(pageParam) } }, signal }),
      ),
    ...paged,
  });

export type AuditAction = Schemas["AuditAction"];
export const AUDIT_ACTIONS = [
  "logged_in",
  "login_failed",
  "session_ended",
  "refresh_token_reused",
  "refused",
  "throttled",
  "person_created",
  "role_changed",
  "person_activated",
  "person_deactivated",
  "address_changed",
  "link_created",
  "password_set",
  "password_changed",
  "api_token_created",
  "api_token_revoked",
  "signing_key_created",
  "people_imported",
  "tasks_imported",
  "reassign_requested",
  "transfer_corrected",
  "day_closed",
  "parked_event_retried",
  "parked_event_discarded",
  "mail_resent",
] as const satisfies readonly AuditAction[];
/** `from` and `to` are calendar days in the company's zone, both included. */
export type AuditFilter = { action?: AuditAction; actor?: string; from?: string; to?: string };

export const auditQuery = ({ from, to, ...rest }: AuditFilter, zone: string) => {
  const filter = {
    ...rest,
    ...(from ? { occurred_from: startOfDay(from, zone) } : {}),
    ...(to ? { occurred_before: startOfDay(addDays(to, 1), zone) } : {}),
  };
  return infiniteQueryOptions({
    queryKey: ["system", "audit", filter],
    queryFn: ({ pageParam, signal }) =>
      dataOf(
        api.GET("/api/v1/admin/audit", { params: { query: { ...filter, ...page(pageParam) } }, signal }),
      ),
    ...paged,
  });
};

// Every route, its permission and its search parameters.
import { Notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  type SearchSchemaInput,
} from "@tanstack/react-router";
import { AUDIT_ACTIONS, type AuditFilter, MAIL_STATUSES, type PeopleFilter, ROLES } from "./api/admin";
import { TOP_PERIODS, type TopPeriod } from "./api/analytics";
import type { DayRange, PayoutsFilter } from "./api/books";
import { meQuery } from "./api/me";
import type { Permission } from "./api/permissions";
import { SignedOutError } from "./api/problem";
import { AccountPage } from "./pages/account/account";
import { BoardPage } from "./pages/board/board";
import { type BoardSearch, parseBoardSearch } from "./pages/board/filters";
import { MyTasksPage } from "./pages/my-tasks/my-tasks";
import { ForgotPasswordPage } from "./pages/sign-in/forgot-password";
import { SetPasswordPage } from "./pages/sign-in/set-password";
import { SignInPage } from "./pages/sign-in/sign-in";
import { TaskPage } from "./pages/task/task";
import { StatementPage } from "./pages/wallet/statement";
import { WalletPage } from "./pages/wallet/wallet";
import { TRANSFER_KINDS } from "./parts/transfer-kind-select";
import { startPage } from "./shell/navigation";
import { needsOffice, OfficePage, officeQuery } from "./shell/office";
import { ownPath } from "./shell/own-path";
import { NotFound, PageFailure } from "./shell/page-failure";
import { Shell } from "./shell/shell";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** What the person needs to see the page. */
    permission?: Permission;
  }
  interface Register {
    router: AppRouter;
  }
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Leaves out what is undefined, so that the address stays short. */
function defined<T extends object>(search: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never;
}

/** Notifications contain links, so they are inside of the router. */
function Root() {
  return (
    <>
      <Notifications position="bottom-right" />
      <Outlet />
    </>
  );
}

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: PageFailure,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ return_to: ownPath(search.return_to), sso_error: text(search.sso_error) }),
  component: SignInPage,
});

const setPassword = createRoute({
  getParentRoute: () => root,
  path: "/set-password",
  component: SetPasswordPage,
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: ForgotPasswordPage,
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    try {
      const { data: me } = await context.queryClient.ensureQueryData(meQuery);
      if (needsOffice(me)) void context.queryClient.prefetchQuery(officeQuery);
    } catch (error) {
      if (!(error instanceof SignedOutError)) throw error;
      const return_to = location.href === "/" ? undefined : location.href;
      throw redirect({ to: "/login", search: defined({ return_to }) });
    }
  },
  component: Shell,
  errorComponent: PageFailure,
});

const start = createRoute({
  getParentRoute: () => shell,
  path: "/",
  staticData: { permission: "be_known" },
  beforeLoad: async ({ context }) => {
    const { data: me } = await context.queryClient.ensureQueryData(meQuery);
    throw redirect({ to: startPage(me), replace: true });
  },
});

const myTasks = createRoute({
  getParentRoute: () => shell,
  path: "/my-tasks",
  staticData: { permission: "use_tasks" },
  component: MyTasksPage,
});

const board = createRoute({
  getParentRoute: () => shell,
  path: "/tasks",
  staticData: { permission: "use_tasks" },
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput): BoardSearch =>
    parseBoardSearch(search),
  component: BoardPage,
});

const task = createRoute({
  getParentRoute: () => shell,
  path: "/tasks/$taskId",
  staticData: { permission: "use_tasks" },
  component: TaskPage,
});

const wallet = createRoute({
  getParentRoute: () => shell,
  path: "/wallet",
  staticData: { permission: "see_own_wallet" },
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ kind: TRANSFER_KINDS.find((kind) => kind === search.kind) }),
  component: WalletPage,
});

const statement = createRoute({
  getParentRoute: () => shell,
  path: "/wallet/days/$date",
  staticData: { permission: "see_own_wallet" },
  component: StatementPage,
});

const reassign = createRoute({
  getParentRoute: () => shell,
  path: "/reassign",
  staticData: { permission: "reassign_tasks" },
  component: () => <OfficePage name="ReassignPage" />,
});

const run = createRoute({
  getParentRoute: () => shell,
  path: "/reassign/$runId",
  staticData: { permission: "reassign_tasks" },
  component: () => <OfficePage name="RunPage" />,
});

const day = (value: unknown) =>
  typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;

/** A range in an address: both ends or none. */
function range(search: Record<string, unknown>) {
  const [from, to] = [day(search.from), day(search.to)];
  return from && to ? { from, to } : {};
}

const books = createRoute({
  getParentRoute: () => shell,
  path: "/books",
  staticData: { permission: "see_books" },
  component: () => <OfficePage name="BooksFrame" />,
});

const booksStart = createRoute({
  getParentRoute: () => books,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/books/days", replace: true });
  },
});

const days = createRoute({
  getParentRoute: () => books,
  path: "/days",
  component: () => <OfficePage name="DaysPage" />,
});

const oneDay = createRoute({
  getParentRoute: () => books,
  path: "/days/$date",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ kind: TRANSFER_KINDS.find((kind) => kind === search.kind) }),
  component: () => <OfficePage name="DayPage" />,
});

const earnings = createRoute({
  getParentRoute: () => books,
  path: "/earnings",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput): DayRange => range(search),
  component: () => <OfficePage name="EarningsPage" />,
});

const wallets = createRoute({
  getParentRoute: () => books,
  path: "/wallets",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ q: text(search.q), below_zero: search.below_zero === true ? true : undefined }),
  component: () => <OfficePage name="WalletsPage" />,
});

const walletOf = createRoute({
  getParentRoute: () => books,
  path: "/wallets/$personId",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ kind: TRANSFER_KINDS.find((kind) => kind === search.kind) }),
  component: () => <OfficePage name="WalletOfPage" />,
});

const payouts = createRoute({
  getParentRoute: () => books,
  path: "/payouts",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput): PayoutsFilter => ({
    ...range(search),
    ...defined({ person_id: text(search.person_id) }),
  }),
  component: () => <OfficePage name="PayoutsPage" />,
});

const analytics = createRoute({
  getParentRoute: () => shell,
  path: "/analytics",
  staticData: { permission: "see_analytics" },
  validateSearch: (
    search: Record<string, unknown> & SearchSchemaInput,
  ): DayRange & { period?: TopPeriod } => ({
    ...range(search),
    ...defined({ period: TOP_PERIODS.find((period) => period === search.period) }),
  }),
  component: () => <OfficePage name="AnalyticsPage" />,
});

const people = createRoute({
  getParentRoute: () => shell,
  path: "/people",
  staticData: { permission: "manage_people" },
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput): PeopleFilter =>
    defined({
      q: text(search.q),
      role: ROLES.find((role) => role === search.role),
      active: typeof search.active === "boolean" ? search.active : undefined,
    }),
  component: () => <OfficePage name="PeoplePage" />,
});

const person = createRoute({
  getParentRoute: () => shell,
  path: "/people/$personId",
  staticData: { permission: "manage_people" },
  component: () => <OfficePage name="PersonPage" />,
});

const system = createRoute({
  getParentRoute: () => shell,
  path: "/system",
  staticData: { permission: "operate_system" },
  component: () => <OfficePage name="SystemFrame" />,
});

const systemStart = createRoute({
  getParentRoute: () => system,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/system/modules", replace: true });
  },
});

const modules = createRoute({
  getParentRoute: () => system,
  path: "/modules",
  component: () => <OfficePage name="ModulesPage" />,
});

const events = createRoute({
  getParentRoute: () => system,
  path: "/events",
  component: () => <OfficePage name="EventsPage" />,
});

const mail = createRoute({
  getParentRoute: () => system,
  path: "/mail",
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput) =>
    defined({ status: MAIL_STATUSES.find((status) => status === search.status) }),
  component: () => <OfficePage name="MailPage" />,
});

const audit = createRoute({
  getParentRoute: () => system,
  path: "/audit",
  staticData: { permission: "see_audit" },
  validateSearch: (search: Record<string, unknown> & SearchSchemaInput): AuditFilter => ({
    ...range(search),
    ...defined({
      action: AUDIT_ACTIONS.find((action) => action === search.action),
      actor: text(search.actor),
    }),
  }),
  component: () => <OfficePage name="AuditPage" />,
});

const account = createRoute({
  getParentRoute: () => shell,
  path: "/account",
  staticData: { permission: "be_known" },
  component: AccountPage,
});

const routeTree = root.addChildren([
  signIn,
  setPassword,
  forgotPassword,
  shell.addChildren([
    start,
    myTasks,
    board,
    task,
    wallet,
    statement,
    reassign,
    run,
    books.addChildren([booksStart, days, oneDay, earnings, wallets, walletOf, payouts]),
    analytics,
    people,
    person,
    system.addChildren([systemStart, modules, events, mail, audit]),
    account,
  ]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: false,
    scrollRestoration: true,
    // A page that is loaded in less than this shows no skeleton of its own.
    defaultPendingMs: 300,
  });
}

type AppRouter = ReturnType<typeof createAppRouter>;

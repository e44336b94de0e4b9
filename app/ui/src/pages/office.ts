// The pages that not everybody may see. They are one file of their own: a worker never loads it.
export { AnalyticsPage } from "./analytics/analytics";
export { BooksFrame } from "./books/books";
export { DayPage } from "./books/day";
export { DaysPage } from "./books/days";
export { EarningsPage } from "./books/earnings";
export { PayoutsPage } from "./books/payouts";
export { WalletOfPage } from "./books/wallet";
export { WalletsPage } from "./books/wallets";
export { PeoplePage } from "./people/people";
export { PersonPage } from "./people/person";
export { ReassignPage } from "./reassign/reassign";
export { RunPage } from "./reassign/run";
export { AuditPage } from "./system/audit";
export { EventsPage } from "./system/events";
export { MailPage } from "./system/mail";
export { ModulesPage } from "./system/modules";
export { SystemFrame } from "./system/system";

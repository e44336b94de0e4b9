//! Permissions, each with the roles that have it (`modules/DOMAIN.md`, "People"). A route names the
//! permission that it requires as a type.

use crate::Role;

/// A permission. A handler requires it by a parameter of the type `Authorized<P>`.
pub trait Permission: 'static {
    /// The name in problems and in the API document.
    const NAME: &'static str;
    /// The roles that have it.
    const ROLES: &'static [Role];
}

/// Every person.
const EVERYONE: &[Role] = &Role::ALL;
/// The people who keep the books.
const BOOKKEEPERS: &[Role] = &[Role::Accountant, Role::Admin];
/// The people who may reassign tasks.
const MANAGERS: &[Role] = &[Role::Manager, Role::Admin];
/// The people who operate the system.
const ADMINS: &[Role] = &[Role::Admin];

/// See one's own account and other people's names, and log out.
pub enum BeKnown {}
/// Create a task, see the board and complete one's own tasks.
pub enum UseTasks {}
/// See one's own wallet, with its lines and statements.
pub enum SeeOwnWallet {}
/// Request a reassign of all open tasks, see its cost and its progress.
pub enum ReassignTasks {}
/// See every wallet, the company's earnings, the business days and the payouts.
pub enum SeeBooks {}
/// Close a business day, which pays people, and preview it.
pub enum CloseDays {}
/// Reverse a fee or a reward.
pub enum PostCorrections {}
/// See analytics.
pub enum SeeAnalytics {}
/// Create and update people.
pub enum ManagePeople {}
/// See the state of the modules; retry and discard parked events and mail.
pub enum OperateSystem {}
/// See the audit trail.
pub enum SeeAudit {}

/// Every permission: its name, and the roles that have it.
pub const ALL: [(&str, &[Role]); 11] = [
    entry::<BeKnown>(),
    entry::<UseTasks>(),
    entry::<SeeOwnWallet>(),
    entry::<ReassignTasks>(),
    entry::<SeeBooks>(),
    entry::<CloseDays>(),
    entry::<PostCorrections>(),
    entry::<SeeAnalytics>(),
    entry::<ManagePeople>(),
    entry::<OperateSystem>(),
    entry::<SeeAudit>(),
];

const fn entry<P: Permission>() -> (&'static str, &'static [Role]) {
    (P::NAME, P::ROLES)
}

/// The names of the permissions that a role has, sorted.
#[must_use]
pub fn names_of(role: Role) -> Vec<&'static str> {
    let mut names: Vec<_> = ALL.iter().filter(|(_, roles)| roles.contains(&role)).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names
}

impl Permission for BeKnown {
    const NAME: &'static str = "be_known";
    const ROLES: &'static [Role] = EVERYONE;
}
impl Permission for UseTasks {
    const NAME: &'static str = "use_tasks";
    const ROLES: &'static [Role] = EVERYONE;
}
impl Permission for SeeOwnWallet {
    const NAME: &'static str = "see_own_wallet";
    const ROLES: &'static [Role] = EVERYONE;
}
impl Permission for ReassignTasks {
    const NAME: &'static str = "reassign_tasks";
    const ROLES: &'static [Role] = MANAGERS;
}
impl Permission for SeeBooks {
    const NAME: &'static str = "see_books";
    const ROLES: &'static [Role] = BOOKKEEPERS;
}
impl Permission for CloseDays {
    const NAME: &'static str = "close_days";
    const ROLES: &'static [Role] = BOOKKEEPERS;
}
impl Permission for PostCorrections {
    const NAME: &'static str = "post_corrections";
    const ROLES: &'static [Role] = BOOKKEEPERS;
}
impl Permission for SeeAnalytics {
    const NAME: &'static str = "see_analytics";
    const ROLES: &'static [Role] = ADMINS;
}
impl Permission for ManagePeople {
    const NAME: &'static str = "manage_people";
    const ROLES: &'static [Role] = ADMINS;
}
impl Permission for OperateSystem {
    const NAME: &'static str = "operate_system";
    const ROLES: &'static [Role] = ADMINS;
}
impl Permission for SeeAudit {
    const NAME: &'static str = "see_audit";
    const ROLES: &'static [Role] = ADMINS;
}

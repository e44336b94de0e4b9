//! Who may do what: DOMAIN's table of rights, one type a right. A route names the type it needs.

use crate::Role;

/// A right; the type stands for it in a handler's signature.
pub trait Permission: 'static {
    /// The name shown in problems and in the API document.
    const NAME: &'static str;
    /// The roles that have it.
    const ROLES: &'static [Role];
}

const EVERYONE: &[Role] = &Role::ALL;
const BOOKKEEPERS: &[Role] = &[Role::Accountant, Role::Admin];
const MANAGERS: &[Role] = &[Role::Manager, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];

/// Be logged in: see oneself, see people's names, log out.
pub enum BeKnown {}
/// Create a task, see the board, complete a task of one's own.
pub enum UseTasks {}
/// See one's own wallet, lines and statements.
pub enum SeeOwnWallet {}
/// Reassign all open tasks, see what it would cost and how it goes.
pub enum ReassignTasks {}
/// See every wallet, the company's earnings, days and payouts.
pub enum SeeBooks {}
/// Close a day (run a payout) and preview it.
pub enum CloseDays {}
/// Reverse a fee or a reward.
pub enum PostCorrections {}
/// See analytics.
pub enum SeeAnalytics {}
/// Add and change people.
pub enum ManagePeople {}
/// See and mend dead letters, mail and modules.
pub enum OperateSystem {}

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

//! Wallets, their transfers and their daily statements, as they are read.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use kernel::{DateRange, ListOrder};

use super::transfer_kind::TransferKind;

/// The transfers that a list of one wallet contains.
#[derive(Debug, Clone, Copy)]
pub struct TransfersFilter {
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// Only transfers of this kind.
    pub kind: Option<TransferKind>,
    /// Only transfers of these business days.
    pub range: Option<DateRange>,
}

/// The payouts that a list contains.
#[derive(Debug, Clone, Copy, Default)]
pub struct PayoutsFilter {
    /// Only payouts of this person.
    pub person_id: Option<PersonId>,
    /// Only payouts of these business days.
    pub range: Option<DateRange>,
}

/// The wallets that a list contains, and their order.
#[derive(Debug, Clone, Default)]
pub struct WalletsFilter {
    /// The order, by the ids or the names of the owners.
    pub order: ListOrder,
    /// Only wallets whose owner's name contains this text, in upper or lower case.
    pub search: Option<String>,
    /// Only wallets whose balance is below zero.
    pub below_zero: bool,
}

impl TransfersFilter {
    /// All transfers of a person.
    #[must_use]
    pub const fn all_of(person_id: PersonId) -> Self {
        Self { person_id, kind: None, range: None }
    }
}

/// A person's wallet.
#[derive(Debug, Clone)]
pub struct Wallet {
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// The owner's name. `None` until identity has published it.
    pub name: Option<String>,
    /// The balance, in minor units. A debt is negative.
    pub balance_minor: i64,
    /// Sum of the open day's transfers without payouts, in minor units.
    pub today_minor: i64,
}

/// What a close of the open day would pay to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePayout {
    /// The person.
    pub person_id: PersonId,
    /// The person's name. `None` until identity has published it.
    pub name: Option<String>,
    /// The balance, in minor units. Positive.
    pub balance_minor: i64,
}

/// A transfer from the side of its wallet.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The transfer's id.
    pub transfer_id: TransferId,
    /// Why the transfer exists.
    pub kind: TransferKind,
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// The owner's name. `None` until identity has published it.
    pub person_name: Option<String>,
    /// Number of the line in the wallet. The first transfer has line 1.
    pub line: i64,
    /// Change of the balance, in minor units.
    pub change_minor: i64,
    /// Balance of the wallet after this transfer, in minor units.
    pub balance_after_minor: i64,
    /// The task of a fee, of a reward, or of a correction of these.
    pub task_id: Option<TaskId>,
    /// The task's title. `None` until it is known.
    pub title: Option<String>,
    /// The transfer that a correction reverses.
    pub reverses: Option<TransferId>,
    /// The correction that reverses this transfer.
    pub reversed_by: Option<TransferId>,
    /// The reason of a correction.
    pub reason: Option<String>,
    /// When the assignment, the completion, the close or the correction happened.
    pub occurred_at: DateTime<Utc>,
    /// When the transfer was booked.
    pub booked_at: DateTime<Utc>,
    /// The business day that the transfer is booked into.
    pub business_day: NaiveDate,
}

/// What the transfers of one wallet and one business day sum to.
pub struct WalletDaySums {
    /// Sum of the day's fees, rewards and corrections, in minor units.
    pub earned_minor: i64,
    /// Amount of the day's payout, in minor units. `None` without a payout.
    pub paid_minor: Option<i64>,
}

/// What the statement of a wallet's business day says, without its lines.
#[derive(Debug, Clone)]
pub struct StatementTotals {
    /// The day.
    pub business_day: NaiveDate,
    /// Whether the day is closed. A closed day never changes.
    pub is_closed: bool,
    /// Number of transfers of the day.
    pub lines: i64,
    /// Sum of the day's fees, rewards and corrections, in minor units.
    pub earned_minor: i64,
    /// Amount of the day's payout, in minor units. `None` without a payout.
    pub paid_minor: Option<i64>,
    /// Balance after the last transfer of the day, in minor units.
    pub closing_balance_minor: i64,
}

impl StatementTotals {
    /// Balance before the first transfer of the day, in minor units.
    #[must_use]
    pub fn opening_balance_minor(&self) -> i64 {
        self.closing_balance_minor.saturating_sub(self.earned_minor).saturating_add(self.paid_minor.unwrap_or(0))
    }
}

/// A person's business day: opening balance + earned − paid = closing balance.
pub struct Statement {
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// The day of the statement.
    pub business_day: NaiveDate,
    /// Whether the day is closed. A closed day never changes.
    pub is_closed: bool,
    /// Balance before the first transfer of the day, in minor units.
    pub opening_balance_minor: i64,
    /// Sum of the day's fees, rewards and corrections, in minor units.
    pub earned_minor: i64,
    /// Amount of the day's payout, in minor units. `None` without a payout.
    pub paid_minor: Option<i64>,
    /// Balance after the last transfer of the day, in minor units.
    pub closing_balance_minor: i64,
    /// One page of the day's transfers, in ledger order.
    pub lines: Vec<Transfer>,
}

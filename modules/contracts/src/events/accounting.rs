//! The facts that accounting publishes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Currency, Fact, PersonId, TaskId, TransferId};

/// The prices of tasks were set. A price never changes (DOMAIN A2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksPriced {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The prices.
    pub prices: Vec<TaskPrice>,
}

/// The price of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskPrice {
    /// The task.
    pub task_id: TaskId,
    /// What each assignment costs, in minor units. Positive.
    pub fee_minor: i64,
    /// What the completion earns, in minor units. Positive.
    pub reward_minor: i64,
}

/// A business day was closed and people were paid. Each payout causes one mail (DOMAIN A7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeoplePaid {
    /// The day that was closed.
    pub business_day: NaiveDate,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Number of decimal digits of the currency: 2 for USD, 0 for JPY.
    pub currency_exponent: u8,
    /// The payouts.
    pub payouts: Vec<Payout>,
}

/// The payout of a wallet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payout {
    /// The payout's transfer in the ledger.
    pub transfer_id: TransferId,
    /// The person who was paid.
    pub person_id: PersonId,
    /// The amount, in minor units. Positive.
    pub amount_minor: i64,
    /// The balance of the wallet when the day began, in minor units.
    pub opening_balance_minor: i64,
    /// Number of lines of the day's statement, without the payout.
    pub lines_total: i64,
    /// The first lines of the statement in the order of the ledger, up to a limit. The mail links
    /// to the others.
    pub lines: Vec<StatementLine>,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementLine {
    /// `assignment_fee`, `completion_reward` or `correction`.
    pub kind: String,
    /// The title of the task when the line was booked; `None` for a line without a task.
    #[serde(default)]
    pub task_title: Option<String>,
    /// The change of the balance, in minor units.
    pub amount_minor: i64,
    /// When the fact happened.
    pub occurred_at: DateTime<Utc>,
}

/// The CloudEvents `source` of these facts.
const SOURCE: &str = "/piecework/accounting";

impl Fact for TasksPriced {
    const TYPE: &'static str = "piecework.accounting.priced.v1";
    /// The CloudEvents `source` of these facts.
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.prices.len()
    }
}

impl Fact for PeoplePaid {
    const TYPE: &'static str = "piecework.accounting.paid.v1";
    /// The CloudEvents `source` of these facts.
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.payouts.len()
    }
}

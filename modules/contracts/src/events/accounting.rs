//! What accounting tells: prices that were set, people who were paid.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Currency, Fact, PersonId, TaskId, TransferId};

/// Tasks got their price, once and for good (DOMAIN A2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksPriced {
    pub currency: Currency,
    pub prices: Vec<TaskPrice>,
}

/// Both amounts are positive minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskPrice {
    pub task_id: TaskId,
    pub fee_minor: i64,
    pub reward_minor: i64,
}

/// A business day was closed and these people were paid. Each payout is one mail (DOMAIN A7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeoplePaid {
    pub business_day: NaiveDate,
    pub currency: Currency,
    /// Digits after the point of the currency: 2 for USD, 0 for JPY.
    pub currency_exponent: u8,
    pub payouts: Vec<Payout>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payout {
    pub transfer_id: TransferId,
    pub person_id: PersonId,
    /// Positive.
    pub amount_minor: i64,
    /// What the wallet held when the day began.
    pub opening_balance_minor: i64,
    /// How many lines the day's statement has, the payout not counted.
    pub lines_total: i64,
    /// The day's first lines in ledger order, up to a limit; the rest is behind the link to the statement.
    pub lines: Vec<StatementLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementLine {
    /// `assignment_fee`, `completion_reward` or `correction`.
    pub kind: String,
    #[serde(default)]
    pub task_title: Option<String>,
    /// Signed, from the wallet's side.
    pub amount_minor: i64,
    pub occurred_at: DateTime<Utc>,
}

const SOURCE: &str = "/piecework/accounting";

impl Fact for TasksPriced {
    const TYPE: &'static str = "piecework.accounting.priced.v1";
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.prices.len()
    }
}

impl Fact for PeoplePaid {
    const TYPE: &'static str = "piecework.accounting.paid.v1";
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.payouts.len()
    }
}

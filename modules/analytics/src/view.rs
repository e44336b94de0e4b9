//! The shapes of the answers. Each says as of when it is true (DOMAIN N4).

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{Money, PersonId, TaskId};
use serde::Serialize;
use utoipa::ToSchema;

/// The figures of the moment.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct SummaryView {
    /// The business day that is open: what 'today' means here.
    pub business_day: NaiveDate,
    /// Fees charged less rewards credited in it, each less what was reversed in it; negative for a loss.
    pub earned_today: Money,
    pub wallets_below_zero: i64,
    /// The task with the highest reward completed on this day.
    pub top_task_today: Option<TopTaskView>,
    pub as_of: DateTime<Utc>,
}

/// What the company earned over a range of business days.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct EarningsView {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The sum of `earned` of the items.
    pub total: Money,
    /// One a business day since the first start, the earliest first.
    pub items: Vec<DayEarningsView>,
    /// Always null: a range comes whole.
    pub next_cursor: Option<String>,
    pub as_of: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct DayEarningsView {
    pub date: NaiveDate,
    /// fees − rewards − reversed fees + reversed rewards.
    pub earned: Money,
    pub fees: Money,
    pub rewards: Money,
    pub reversed_fees: Money,
    pub reversed_rewards: Money,
    /// A closed day never changes.
    pub closed: bool,
}

/// How many wallets are below zero now, and were at the end of each day of a range.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct WalletsBelowZeroView {
    pub now: i64,
    pub items: Vec<DayWalletsView>,
    /// Always null: a range comes whole.
    pub next_cursor: Option<String>,
    pub as_of: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct DayWalletsView {
    pub date: NaiveDate,
    /// At the end of a closed day; of the open day, now.
    pub wallets: i64,
    pub closed: bool,
}

/// The most expensive task of a range, and of each of its days that has one.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TopTasksView {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The highest reward of all; of equals the earliest completion.
    pub top: Option<TopTaskView>,
    pub items: Vec<DayTopTaskView>,
    /// Always null: a range comes whole.
    pub next_cursor: Option<String>,
    pub as_of: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct DayTopTaskView {
    /// A calendar day of the business time zone.
    pub date: NaiveDate,
    pub task: TopTaskView,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TopTaskView {
    pub task_id: TaskId,
    pub title: String,
    pub reference: Option<String>,
    pub reward: Money,
    pub completed_at: DateTime<Utc>,
    pub completed_by: CompletedByView,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct CompletedByView {
    pub id: PersonId,
    /// Null while the tasks module does not know the person.
    pub name: Option<String>,
}

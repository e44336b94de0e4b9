//! The shapes of the module's requests and answers. Each answer has the time at which it is true
//! (DOMAIN N4).

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{Currency, Money, PersonId, TaskId};
use kernel::{CalendarDate, DateRange};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{self, DayEarnings, DayWallets};
use crate::error::Error;
use crate::read::{Earnings, Report, Summary, TopTask, TopTasks, WalletsBelowZero};

/// The query parameters of a range of days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// The first day. It is sent together with `to`; without both the range is the last thirty
    /// days.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day, included; at most ten years later.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

impl TryFrom<RangeQuery> for Option<DateRange> {
    type Error = Error;

    fn try_from(query: RangeQuery) -> Result<Self, Error> {
        domain::optional_range(query.from.map(CalendarDate::date), query.to.map(CalendarDate::date))
    }
}

/// The figures of the open business day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct SummaryView {
    /// The open business day.
    pub date: NaiveDate,
    /// Fees charged less rewards credited on this day, each less what was reversed on it. A
    /// negative amount is a loss.
    pub earned_today: Money,
    /// Number of wallets whose balance is below zero now.
    #[schema(minimum = 0)]
    pub wallets_below_zero: i64,
    /// The task with the highest reward that was completed on this day.
    #[schema(required)]
    pub top_task_today: Option<TopTaskView>,
    /// The time at which the figures are true.
    pub as_of: DateTime<Utc>,
}

/// The company's earnings over a range of business days.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct EarningsView {
    /// The first day of the range.
    pub from: NaiveDate,
    /// The last day of the range, included.
    pub to: NaiveDate,
    /// The sum of `earned` of the items.
    pub total: Money,
    /// One item for each business day of the range, the earliest first.
    pub items: Vec<DayEarningsView>,
    /// Always null: the answer contains the whole range.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The time at which the figures are true.
    pub as_of: DateTime<Utc>,
}

/// The company's earnings of one business day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct DayEarningsView {
    /// The business day.
    pub date: NaiveDate,
    /// fees − rewards − reversed fees + reversed rewards.
    pub earned: Money,
    /// Fees charged.
    pub fees: Money,
    /// Rewards credited.
    pub rewards: Money,
    /// Fees that were reversed on this day.
    pub reversed_fees: Money,
    /// Rewards that were reversed on this day.
    pub reversed_rewards: Money,
    /// Whether the day is closed. A closed day never changes.
    pub closed: bool,
}

/// The number of wallets below zero, now and on each day of a range.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct WalletsBelowZeroView {
    /// Number of wallets whose balance is below zero now.
    #[schema(minimum = 0)]
    pub wallets_below_zero: i64,
    /// One item for each business day of the range, the earliest first.
    pub items: Vec<DayWalletsView>,
    /// Always null: the answer contains the whole range.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The time at which the figures are true.
    pub as_of: DateTime<Utc>,
}

/// The number of wallets below zero on one business day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct DayWalletsView {
    /// The business day.
    pub date: NaiveDate,
    /// The number at the end of a closed day; the number now of the open day.
    #[schema(minimum = 0)]
    pub wallets_below_zero: i64,
    /// Whether the day is closed.
    pub closed: bool,
}

/// The most expensive task of a range and of each of its days.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct TopTasksView {
    /// The first day of the range.
    pub from: NaiveDate,
    /// The last day of the range, included.
    pub to: NaiveDate,
    /// The task with the highest reward. Among equals it is the one that was completed first.
    #[schema(required)]
    pub top: Option<TopTaskView>,
    /// One item for each day of the range on which a task was completed, the earliest first.
    pub items: Vec<DayTopTaskView>,
    /// Always null: the answer contains the whole range.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// The time at which the figures are true.
    pub as_of: DateTime<Utc>,
}

/// The most expensive task of one day.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct DayTopTaskView {
    /// A calendar day of the business time zone.
    pub date: NaiveDate,
    /// The task.
    pub task: TopTaskView,
}

/// A completed task.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TopTaskView {
    /// The task's id.
    pub id: TaskId,
    /// The task's title.
    pub title: String,
    /// The task's ticket reference.
    #[schema(required)]
    pub reference: Option<String>,
    /// The reward that was credited for the task.
    pub reward: Money,
    /// When the task was completed.
    pub completed_at: DateTime<Utc>,
    /// The person who completed the task.
    pub assignee: TopTaskAssigneeView,
}

/// The person who completed a task.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TopTaskAssigneeView {
    /// The person's id.
    pub id: PersonId,
    /// The person's name; null while the tasks module does not know the person.
    #[schema(required)]
    pub name: Option<String>,
}

const fn money(amount_minor: i64, currency: Currency) -> Money {
    Money { amount_minor, currency }
}

impl From<Report<Summary>> for SummaryView {
    fn from(report: Report<Summary>) -> Self {
        let Report { as_of, currency, figures } = report;
        Self {
            date: figures.business_day,
            earned_today: money(figures.earned_minor, currency),
            wallets_below_zero: figures.wallets_below_zero,
            top_task_today: figures.top_task.map(|top| TopTaskView::new(top, currency)),
            as_of,
        }
    }
}

impl From<Report<Earnings>> for EarningsView {
    fn from(report: Report<Earnings>) -> Self {
        let Report { as_of, currency, figures } = report;
        Self {
            from: figures.range.from(),
            to: figures.range.to(),
            total: money(figures.total_minor, currency),
            items: figures.days.into_iter().map(|day| DayEarningsView::new(&day, currency)).collect(),
            next_cursor: None,
            as_of,
        }
    }
}

impl DayEarningsView {
    const fn new(day: &DayEarnings, currency: Currency) -> Self {
        Self {
            date: day.business_day,
            earned: money(day.earned_minor, currency),
            fees: money(day.fees_minor, currency),
            rewards: money(day.rewards_minor, currency),
            reversed_fees: money(day.reversed_fees_minor, currency),
            reversed_rewards: money(day.reversed_rewards_minor, currency),
            closed: day.is_closed,
        }
    }
}

impl From<Report<WalletsBelowZero>> for WalletsBelowZeroView {
    fn from(report: Report<WalletsBelowZero>) -> Self {
        let items = report.figures.days.into_iter().map(DayWalletsView::from).collect();
        Self { wallets_below_zero: report.figures.now, items, next_cursor: None, as_of: report.as_of }
    }
}

impl From<DayWallets> for DayWalletsView {
    fn from(day: DayWallets) -> Self {
        Self { date: day.business_day, wallets_below_zero: day.wallets, closed: day.is_closed }
    }
}

impl From<Report<TopTasks>> for TopTasksView {
    fn from(report: Report<TopTasks>) -> Self {
        let Report { as_of, currency, figures } = report;
        let item = |top: TopTask| DayTopTaskView { date: top.task.completed_on, task: TopTaskView::new(top, currency) };
        Self {
            from: figures.range.from(),
            to: figures.range.to(),
            top: figures.top.map(|top| TopTaskView::new(top, currency)),
            items: figures.days.into_iter().map(item).collect(),
            next_cursor: None,
            as_of,
        }
    }
}

impl TopTaskView {
    fn new(top: TopTask, currency: Currency) -> Self {
        let TopTask { task, completed_by_name } = top;
        Self {
            id: task.task_id,
            title: task.title,
            reference: task.reference,
            reward: money(task.reward_minor, currency),
            completed_at: task.completed_at,
            assignee: TopTaskAssigneeView { id: task.completed_by, name: completed_by_name },
        }
    }
}

//! The books as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{Money, PersonId, TaskId, TransferId};
use kernel::paging::{self, Limit};
use kernel::{CalendarDate, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Accounting;
use crate::store::{DayRow, TransferRow, WalletRow};

/// Where a list goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    pub cursor: Option<String>,
    /// 1 to 200, 50 if not given.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    pub limit: Limit,
}

/// The day and the line after which the next page of a wallet's lines begins.
pub fn before_line(query: &PageQuery) -> Result<Option<(NaiveDate, i64)>, Problem> {
    let cursor = paging::decode::<(CalendarDate, i64)>(query.cursor.as_deref())?;
    Ok(cursor.map(|(day, line)| (day.date(), line)))
}

/// A person by id; the name is null if it is not known here yet.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletPerson)]
pub struct PersonView {
    pub id: PersonId,
    pub name: Option<String>,
}

/// A wallet. One that nothing is known of yet reads as zero.
#[derive(Serialize, ToSchema)]
#[schema(as = Wallet)]
pub struct WalletView {
    person: PersonView,
    /// Negative: a debt, which is repaid by completing tasks.
    balance: Money,
    /// Rewards less fees of the business day that is open, corrections included.
    today: Money,
}

impl WalletView {
    pub fn new(books: &Accounting, row: WalletRow) -> Self {
        Self {
            person: PersonView { id: row.person_id.into(), name: row.name },
            balance: books.money(row.balance_minor),
            today: books.money(row.today_minor),
        }
    }

    pub fn empty(books: &Accounting, person_id: PersonId) -> Self {
        let nothing = books.money(0);
        Self { person: PersonView { id: person_id, name: None }, balance: nothing, today: nothing }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = TransferTask)]
pub struct TransferTaskView {
    id: TaskId,
    /// As it was; null until the event that says it has arrived.
    title: Option<String>,
}

/// One line of a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferView {
    id: TransferId,
    /// `assignment_fee`, `completion_reward`, `payout` or `correction`.
    #[schema(example = "completion_reward")]
    kind: String,
    person: PersonView,
    /// Signed, from the wallet's side.
    amount: Money,
    balance_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TransferTaskView>,
    /// Of a correction: what it reverses, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<TransferId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    occurred_at: DateTime<Utc>,
    booked_at: DateTime<Utc>,
    business_day: NaiveDate,
}

impl TransferView {
    pub fn new(books: &Accounting, row: TransferRow) -> Self {
        let title = row.title;
        Self {
            id: row.transfer_id.into(),
            kind: row.kind,
            person: PersonView { id: row.person_id.into(), name: row.person_name },
            amount: books.money(row.change_minor),
            balance_after: books.money(row.balance_after_minor),
            task: row.task_id.map(|id| TransferTaskView { id: id.into(), title }),
            reverses: row.reverses.map(TransferId::from),
            reason: row.reason,
            occurred_at: row.occurred_at,
            booked_at: row.booked_at,
            business_day: row.business_day,
        }
    }
}

/// What a day came to for the company (DOMAIN A6): fees less rewards, each less what was reversed that day.
#[derive(Serialize, ToSchema)]
#[schema(as = DayEarnings)]
pub struct EarningsView {
    date: NaiveDate,
    earned: Money,
    fees: Money,
    rewards: Money,
    reversed_fees: Money,
    reversed_rewards: Money,
    /// A closed day never changes.
    is_closed: bool,
}

impl EarningsView {
    pub fn new(books: &Accounting, row: &DayRow) -> Self {
        Self {
            date: row.business_day,
            earned: books.money(row.earned_minor),
            fees: books.money(row.fees_minor),
            rewards: books.money(row.rewards_minor),
            reversed_fees: books.money(row.reversed_fees_minor),
            reversed_rewards: books.money(row.reversed_rewards_minor),
            is_closed: row.closed_at.is_some(),
        }
    }
}

/// A business day.
#[derive(Serialize, ToSchema)]
#[schema(as = Day)]
pub struct DayView {
    date: NaiveDate,
    /// `open` or `closed`.
    status: &'static str,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    /// Null: closed by the clock.
    closed_by: Option<PersonId>,
    /// How many were paid; null while open.
    payouts: Option<i64>,
    paid: Option<Money>,
    /// How many wallets were in debt when it had closed; null while open.
    wallets_below_zero: Option<i64>,
    earnings: EarningsView,
}

impl DayView {
    pub fn new(books: &Accounting, row: &DayRow) -> Self {
        Self {
            date: row.business_day,
            status: if row.closed_at.is_some() { "closed" } else { "open" },
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_by: row.closed_by.map(PersonId::from),
            payouts: row.payouts,
            paid: row.paid_minor.map(|paid_minor| books.money(paid_minor)),
            wallets_below_zero: row.wallets_below_zero,
            earnings: EarningsView::new(books, row),
        }
    }
}

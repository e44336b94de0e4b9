//! Wallets, transfers and days as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{Money, PersonId, TaskId, TransferId};
use kernel::http::csv::{Cell, CsvRow};
use kernel::{CalendarDate, DateRange, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::{Day, StatementTotals, Transfer, TransferKind, TransfersFilter, Wallet};
use crate::service::Accounting;

/// A range of business days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DateRangeQuery {
    /// The first day. It is sent together with `to`.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day; it is included, and at most ten years after the first.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

impl DateRangeQuery {
    /// The range, if one was sent.
    ///
    /// # Errors
    /// 422: the range is not valid.
    pub fn range(&self) -> Result<Option<DateRange>, Problem> {
        parse_range(self.from, self.to)
    }
}

/// The filters of a wallet's transfers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListTransfersQuery {
    /// Lists only transfers of this kind.
    #[param(inline, value_type = Option<TransferKindView>)]
    kind: Option<TransferKind>,
    /// The first business day. It is sent together with `to`.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last business day; it is included, and at most ten years after the first.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

impl ListTransfersQuery {
    /// The transfers of this person that the query asks for.
    ///
    /// # Errors
    /// 422: the range is not valid.
    pub fn of(&self, person_id: PersonId) -> Result<TransfersFilter, Problem> {
        Ok(TransfersFilter { person_id, kind: self.kind, range: parse_range(self.from, self.to)? })
    }
}

/// The range of the parameters `from` and `to`, if they were sent.
///
/// # Errors
/// 422: the range is not valid.
pub fn parse_range(from: Option<CalendarDate>, to: Option<CalendarDate>) -> Result<Option<DateRange>, Problem> {
    let (from, to) = (from.map(CalendarDate::date), to.map(CalendarDate::date));
    DateRange::parse_optional(from, to).map_err(|error| Problem::invalid_fields(vec![error]))
}

/// A person by id.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletPerson)]
pub struct PersonView {
    /// The person's id.
    pub id: PersonId,
    /// The person's name. Null until accounting has received it.
    #[schema(required)]
    pub name: Option<String>,
}

/// A wallet. The caller's wallet is zero until accounting has received the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Wallet)]
pub struct WalletView {
    /// The owner of the wallet.
    person: PersonView,
    /// A negative balance is a debt, which is repaid by completing tasks.
    balance: Money,
    /// The sum of the open day's fees, rewards and corrections.
    today: Money,
}

impl WalletView {
    /// The view of a wallet.
    pub fn new(accounting: &Accounting, wallet: Wallet) -> Self {
        Self {
            person: PersonView { id: wallet.person_id, name: wallet.name },
            balance: accounting.money(wallet.balance_minor),
            today: accounting.money(wallet.today_minor),
        }
    }

    /// The view of a wallet that does not exist yet.
    pub fn empty(accounting: &Accounting, person_id: PersonId) -> Self {
        let zero = accounting.money(0);
        Self { person: PersonView { id: person_id, name: None }, balance: zero, today: zero }
    }
}

impl CsvRow for WalletView {
    const COLUMNS: &'static [&'static str] = &["person_id", "name", "balance_minor", "today_minor", "currency"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.person.id.into(),
            self.person.name.as_ref().into(),
            self.balance.amount_minor.into(),
            self.today.amount_minor.into(),
            self.balance.currency.code().into(),
        ]
    }
}

/// The task of a transfer.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferTask)]
pub struct TransferTaskView {
    /// The task's id.
    id: TaskId,
    /// The task's title at that time. Null until accounting has received it.
    #[schema(required)]
    title: Option<String>,
}

/// Why a transfer exists.
// Only the API document has this type.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TransferKind)]
pub enum TransferKindView {
    /// A task was assigned to the owner of the wallet.
    AssignmentFee,
    /// The owner of the wallet completed a task.
    CompletionReward,
    /// A positive balance was paid out at the end of a day.
    Payout,
    /// A fee or a reward was reversed.
    Correction,
}

/// One line of a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferView {
    /// The transfer's id.
    id: TransferId,
    /// Why the transfer exists.
    #[schema(value_type = TransferKindView)]
    kind: TransferKind,
    /// The owner of the wallet.
    person: PersonView,
    /// The change of the wallet's balance: negative if the wallet is debited.
    amount: Money,
    /// The wallet's balance after this transfer.
    balance_after: Money,
    /// The task of a fee, of a reward, or of a correction of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    task: Option<TransferTaskView>,
    /// The transfer that a correction reverses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reverses: Option<TransferId>,
    /// The correction that reverses this transfer. Null if there is none.
    #[schema(required)]
    reversed_by: Option<TransferId>,
    /// The reason of a correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// When the assignment, the completion, the close or the correction happened.
    occurred_at: DateTime<Utc>,
    /// When the transfer was booked.
    booked_at: DateTime<Utc>,
    /// The business day that the transfer is booked into.
    date: NaiveDate,
}

impl TransferView {
    /// The view of a transfer.
    pub fn new(accounting: &Accounting, transfer: Transfer) -> Self {
        let title = transfer.title;
        Self {
            id: transfer.transfer_id,
            kind: transfer.kind,
            person: PersonView { id: transfer.person_id, name: transfer.person_name },
            amount: accounting.money(transfer.change_minor),
            balance_after: accounting.money(transfer.balance_after_minor),
            task: transfer.task_id.map(|id| TransferTaskView { id, title }),
            reverses: transfer.reverses,
            reversed_by: transfer.reversed_by,
            reason: transfer.reason,
            occurred_at: transfer.occurred_at,
            booked_at: transfer.booked_at,
            date: transfer.business_day,
        }
    }
}

impl CsvRow for TransferView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "kind",
        "date",
        "person_id",
        "person_name",
        "amount_minor",
        "balance_after_minor",
        "currency",
        "task_id",
        "task_title",
        "reverses",
        "reason",
        "occurred_at",
        "booked_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        let task = self.task.as_ref();
        vec![
            self.id.into(),
            self.kind.as_str().into(),
            self.date.into(),
            self.person.id.into(),
            self.person.name.as_ref().into(),
            self.amount.amount_minor.into(),
            self.balance_after.amount_minor.into(),
            self.amount.currency.code().into(),
            task.map(|task| task.id).into(),
            task.and_then(|task| task.title.as_ref()).into(),
            self.reverses.into(),
            self.reason.as_ref().into(),
            self.occurred_at.into(),
            self.booked_at.into(),
        ]
    }
}

/// A day of a wallet without its lines: opening balance + earned − paid = closing balance.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementTotals)]
pub struct StatementTotalsView {
    /// The business day.
    date: NaiveDate,
    /// Whether the day is closed. A closed day never changes.
    closed: bool,
    /// The balance before the first line of the day.
    opening_balance: Money,
    /// The sum of the day's fees, rewards and corrections.
    earned: Money,
    /// The payout of the day. Null if there is none.
    #[schema(required)]
    paid: Option<Money>,
    /// The balance after the last line of the day.
    closing_balance: Money,
    /// Number of lines of the day.
    #[schema(minimum = 1)]
    lines: i64,
}

impl StatementTotalsView {
    /// The view of the totals.
    pub fn new(accounting: &Accounting, totals: &StatementTotals) -> Self {
        Self {
            date: totals.business_day,
            closed: totals.is_closed,
            opening_balance: accounting.money(totals.opening_balance_minor()),
            earned: accounting.money(totals.earned_minor),
            paid: totals.paid_minor.map(|paid_minor| accounting.money(paid_minor)),
            closing_balance: accounting.money(totals.closing_balance_minor),
            lines: totals.lines,
        }
    }
}

/// The company's earnings of a day: fees less rewards, each less its reversals (DOMAIN A6).
#[derive(Serialize, ToSchema)]
#[schema(as = DayEarnings)]
pub struct EarningsView {
    /// The business day.
    date: NaiveDate,
    /// The earnings. They may be negative.
    earned: Money,
    /// The sum of the fees.
    fees: Money,
    /// The sum of the rewards.
    rewards: Money,
    /// The sum of the fees that were reversed on this day.
    reversed_fees: Money,
    /// The sum of the rewards that were reversed on this day.
    reversed_rewards: Money,
    /// Whether the day is closed. A closed day never changes.
    closed: bool,
}

impl EarningsView {
    /// The view of a day's earnings.
    pub fn new(accounting: &Accounting, day: &Day) -> Self {
        Self {
            date: day.business_day,
            earned: accounting.money(day.earned_minor),
            fees: accounting.money(day.fees_minor),
            rewards: accounting.money(day.rewards_minor),
            reversed_fees: accounting.money(day.reversed_fees_minor),
            reversed_rewards: accounting.money(day.reversed_rewards_minor),
            closed: day.closed_at.is_some(),
        }
    }
}

impl CsvRow for EarningsView {
    const COLUMNS: &'static [&'static str] = &[
        "date",
        "earned_minor",
        "fees_minor",
        "rewards_minor",
        "reversed_fees_minor",
        "reversed_rewards_minor",
        "currency",
        "closed",
    ];

    fn cells(&self) -> Vec<Cell> {
        let amounts = [self.earned, self.fees, self.rewards, self.reversed_fees, self.reversed_rewards];
        let mut cells = vec![Cell::from(self.date)];
        cells.extend(amounts.map(|amount| Cell::from(amount.amount_minor)));
        cells.extend([Cell::from(self.earned.currency.code()), Cell::from(self.closed)]);
        cells
    }
}

/// Whether a business day is closed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DayStatus)]
pub enum DayStatusView {
    /// Transfers are booked into the day.
    Open,
    /// The day never changes again.
    Closed,
}

/// A business day.
#[derive(Serialize, ToSchema)]
#[schema(as = Day)]
pub struct DayView {
    /// The calendar day in the time zone of the business.
    date: NaiveDate,
    /// Whether the day is closed.
    status: DayStatusView,
    /// When the day began to take transfers.
    opened_at: DateTime<Utc>,
    /// When the day was closed. Null while it is open.
    #[schema(required)]
    closed_at: Option<DateTime<Utc>>,
    /// The person who closed the day. Null while it is open, or if the system closed it.
    #[schema(required)]
    closed_by: Option<PersonView>,
    /// The number of payouts. Null while the day is open.
    #[schema(required, minimum = 0)]
    payouts: Option<i64>,
    /// The sum of the payouts. Null while the day is open.
    #[schema(required)]
    paid: Option<Money>,
    /// The number of wallets below zero after the close. Null while the day is open.
    #[schema(required, minimum = 0)]
    wallets_below_zero: Option<i64>,
    /// The company's earnings of the day.
    earnings: EarningsView,
}

impl DayView {
    /// The view of a day.
    pub fn new(accounting: &Accounting, day: &Day) -> Self {
        Self {
            date: day.business_day,
            status: if day.closed_at.is_some() { DayStatusView::Closed } else { DayStatusView::Open },
            opened_at: day.opened_at,
            closed_at: day.closed_at,
            closed_by: day.closed_by.map(|id| PersonView { id, name: day.closed_by_name.clone() }),
            payouts: day.payouts,
            paid: day.paid_minor.map(|paid_minor| accounting.money(paid_minor)),
            wallets_below_zero: day.wallets_below_zero,
            earnings: EarningsView::new(accounting, day),
        }
    }
}

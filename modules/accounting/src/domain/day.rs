//! Business days, as they are read, and what a close of a day pays.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::accounting::StatementLine;
use contracts::{PersonId, TransferId};
use kernel::module::Notice;

use crate::error::Error;

/// A business day with its totals.
#[derive(Debug, Clone)]
pub struct Day {
    /// The calendar day in the time zone of the business.
    pub business_day: NaiveDate,
    /// When the day began to take transfers.
    pub opened_at: DateTime<Utc>,
    /// When the day was closed. `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// The person who closed the day. `None` while it is open, or if the system closed it.
    pub closed_by: Option<PersonId>,
    /// The name of that person. `None` also if accounting does not know the person yet.
    pub closed_by_name: Option<String>,
    /// Number of payouts. `None` while the day is open.
    pub payouts: Option<i64>,
    /// Sum of the payouts, in minor units. `None` while the day is open.
    pub paid_minor: Option<i64>,
    /// Number of wallets below zero after the close. `None` while the day is open.
    pub wallets_below_zero: Option<i64>,
    /// Sum of the fees, in minor units.
    pub fees_minor: i64,
    /// Sum of the rewards, in minor units.
    pub rewards_minor: i64,
    /// Sum of the fees that were reversed on this day, in minor units.
    pub reversed_fees_minor: i64,
    /// Sum of the rewards that were reversed on this day, in minor units.
    pub reversed_rewards_minor: i64,
    /// The company's earnings of the day, in minor units (DOMAIN A6).
    pub earned_minor: i64,
}

/// Result of closing one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// The day that was closed.
    pub business_day: NaiveDate,
    /// Number of payouts.
    pub payouts: i64,
    /// Sum of the payouts, in minor units.
    pub paid_minor: i64,
    /// Number of wallets below zero after the close.
    pub wallets_below_zero: i64,
}

/// What the transfers of a closed day come to, and a digest of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySeal {
    /// The day.
    pub business_day: NaiveDate,
    /// Number of transfers.
    pub transfers: i64,
    /// The sum of what the transfers added to the wallets, in minor units.
    pub wallets_change_minor: i64,
    /// What the company earned (DOMAIN A6), in minor units.
    pub earned_minor: i64,
    /// Number of payouts.
    pub payouts: i64,
    /// Sum of the payouts, in minor units.
    pub paid_minor: i64,
    /// SHA-256 over all transfers.
    pub digest: Vec<u8>,
}

/// What all wallets had before a day, by their lines and by the seals of the earlier days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierBalances {
    /// The sum of the balances after the last line of each wallet, in minor units.
    pub balance_minor: i64,
    /// The sum of the numbers of these lines.
    pub lines: i64,
    /// The sum of what was added to the wallets by the seals, in minor units.
    pub sealed_balance_minor: i64,
    /// Number of transfers by the seals.
    pub sealed_lines: i64,
}

/// What closing the open day now would pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosePreview {
    /// The open day.
    pub business_day: NaiveDate,
    /// Number of people who would be paid.
    pub payouts: i64,
    /// Sum of the payouts, in minor units.
    pub paid_minor: i64,
}

/// The open day and the present day. Every day from the open day to yesterday is due to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDays {
    /// The one day that is open.
    pub open_day: NaiveDate,
    /// Whether the open day was opened at a time that the clock has not reached yet. The clock was
    /// ahead then.
    pub opened_ahead_of_clock: bool,
    /// The present day by the clock.
    pub today: NaiveDate,
}

impl DueDays {
    /// More due days than this are never closed automatically: a wrong clock is the likelier cause
    /// (decision 18).
    pub const UNASKED_DAYS_MAX: i64 = 31;

    /// Number of days that are over and not closed yet. It is negative if the open day lies in the
    /// future.
    #[must_use]
    pub fn days_over(self) -> i64 {
        self.today.signed_duration_since(self.open_day).num_days()
    }

    /// Whether the number of due days shows that the clock is probably wrong.
    #[must_use]
    pub fn are_too_many(self) -> bool {
        self.days_over() > Self::UNASKED_DAYS_MAX
    }

    /// Whether the open day is over and is closed without a person who names it.
    ///
    /// # Errors
    /// `TooManyDueDays` if the clock is probably wrong.
    pub fn is_open_day_over(self) -> Result<bool, Error> {
        let Self { open_day, today, .. } = self;
        if self.are_too_many() { Err(Error::TooManyDueDays { open_day, today }) } else { Ok(open_day < today) }
    }

    /// Whether the open day is closed because a person has named `day` as the last day to close. A
    /// day that has not begun is closed only if it is open because the clock was ahead.
    #[must_use]
    pub fn is_open_day_closed_by_naming(self, day: NaiveDate) -> bool {
        let Self { open_day, today, .. } = self;
        (open_day <= day && day <= today) || (open_day == day && self.is_open_day_ahead())
    }

    /// Whether the open day lies in the future because the clock was ahead. An open day that begins
    /// tomorrow is normal: the present day was closed before its end.
    #[must_use]
    pub fn is_open_day_ahead(self) -> bool {
        self.days_over() < -1 || (self.days_over() == -1 && self.opened_ahead_of_clock)
    }

    /// What an accountant has to do before days are closed as usual. `None` if that is nothing.
    #[must_use]
    pub fn notice(self) -> Option<Notice> {
        let Self { open_day, today, .. } = self;
        if self.is_open_day_ahead() {
            let found = format!(
                "the open day {open_day} lies in the future: today is {today}. The clock was ahead when the days before \
                 {open_day} were closed. Nobody is paid until {open_day} is over or closed"
            );
            let advice = format!(
                "check the clock; to pay people before {open_day} is over, an accountant closes it by its date: \
                 `piecework close-day --date {open_day}` or POST /days/{open_day}/close"
            );
            return Some(Notice { found, advice });
        }
        let yesterday = today.pred_opt().filter(|_| self.are_too_many())?;
        let found = format!(
            "the open day is {open_day} and today is {today}: more than {} days are due, and no day is closed \
             automatically",
            Self::UNASKED_DAYS_MAX
        );
        let advice = format!(
            "check the clock; if it is right, close the days that are over by naming the last one: \
             `piecework close-day --date {yesterday}` or POST /days/{yesterday}/close"
        );
        Some(Notice { found, advice })
    }
}

/// A wallet with a positive balance, which a close pays out.
pub struct DueWallet {
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// The balance, in minor units.
    pub balance_minor: i64,
}

/// A payout in the ledger.
pub struct BookedPayout {
    /// The payout's transfer.
    pub transfer_id: TransferId,
    /// The person who was paid.
    pub person_id: PersonId,
    /// The day whose close paid it.
    pub business_day: NaiveDate,
    /// The amount, in minor units.
    pub amount_minor: i64,
    /// When it was booked.
    pub booked_at: DateTime<Utc>,
}

impl From<&BookedPayout> for DueWallet {
    fn from(payout: &BookedPayout) -> Self {
        Self { person_id: payout.person_id, balance_minor: payout.amount_minor }
    }
}

/// One transfer of a person's day, for the statement that is mailed with the payout.
pub struct PayoutStatementLine {
    /// The owner of the wallet.
    pub person_id: PersonId,
    /// `assignment_fee`, `completion_reward` or `correction`.
    pub kind: String,
    /// The task's title. `None` without a task, or until it is known.
    pub title: Option<String>,
    /// Change of the balance, in minor units.
    pub change_minor: i64,
    /// Balance after this transfer, in minor units.
    pub balance_after_minor: i64,
    /// When the assignment, the completion or the correction happened.
    pub occurred_at: DateTime<Utc>,
    /// Number of the person's transfers on the day. A statement may contain fewer lines.
    pub lines_total: i64,
}

/// What a close of the open day would pay out now.
pub struct PositiveBalances {
    /// Number of wallets above zero.
    pub wallets: i64,
    /// Sum of their balances, in minor units.
    pub balance_minor: i64,
}

/// The company's earnings of all days, computed in two ways, in minor units. They must be equal.
pub struct EarningsSums {
    /// Sum of the earnings of all days, as reported.
    pub days_minor: i64,
    /// Balance of the company's account, summed over the transfers.
    pub account_minor: i64,
}

/// A person's day before the payout, for the statement that is mailed with the payout.
pub struct PayoutStatement {
    /// Balance before the first transfer of the day, in minor units.
    pub opening_balance_minor: i64,
    /// Number of the person's transfers on the day.
    pub lines_total: i64,
    /// The first transfers of the day, in ledger order.
    pub lines: Vec<StatementLine>,
}

impl PayoutStatement {
    /// A statement of a day without transfers: the balance is carried from an earlier day.
    pub const fn without_lines(balance_minor: i64) -> Self {
        Self { opening_balance_minor: balance_minor, lines_total: 0, lines: Vec::new() }
    }

    /// A statement without its lines yet. `first` is the first transfer of the day.
    pub const fn starting_with(first: &PayoutStatementLine) -> Self {
        Self {
            opening_balance_minor: first.balance_after_minor - first.change_minor,
            lines_total: first.lines_total,
            lines: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(open_day: &str, opened_ahead_of_clock: bool) -> DueDays {
        DueDays { open_day: open_day.parse().unwrap(), opened_ahead_of_clock, today: "2026-11-26".parse().unwrap() }
    }

    #[test]
    fn a8_a_notice_names_the_day_to_close_if_the_clock_was_or_is_wrong() {
        for (open_day, ahead_of_clock, named) in [
            ("2026-11-26", false, None),
            ("2026-11-25", false, None),
            // A month of due days is closed without a person.
            ("2026-10-26", false, None),
            ("2026-10-25", false, Some("2026-11-25")),
            ("1970-01-01", false, Some("2026-11-25")),
            // The present day was closed early.
            ("2026-11-27", false, None),
            ("2026-11-27", true, Some("2026-11-27")),
            ("2026-11-28", false, Some("2026-11-28")),
            ("2027-09-22", true, Some("2027-09-22")),
        ] {
            let notice = due(open_day, ahead_of_clock).notice();
            let expected = named.map(|day| format!("`piecework close-day --date {day}`"));
            assert_eq!(notice.is_some(), expected.is_some(), "{open_day}: {notice:?}");
            assert!(expected.is_none_or(|expected| notice.unwrap().advice.contains(&expected)), "{open_day}");
        }
    }
}

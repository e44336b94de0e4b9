//! Closing a business day: everybody with a positive balance is paid in full, once (DOMAIN A7, A8).

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine};
use contracts::{PersonId, TransferId};
use kernel::Tx;
use kernel::jobs::Outcome;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::Posting;
use crate::error::Error;
use crate::posting::post_new;
use crate::service::Accounting;
use crate::store::{self, StatementRow};

/// Wallets paid by one statement; a close is one transaction, but its memory does not grow with the number of wallets.
const WALLETS_PER_STEP: i64 = 1_000;
/// A mail shows so many lines; the rest is behind its link.
const STATEMENT_LINES_MAX: i64 = 50;
/// Each payout carries a statement, so events stay below some 300 KiB.
const PAYOUTS_PER_EVENT: usize = 50;

/// More days than this are never closed by themselves: then the clock is the likelier mistake.
const DUE_DAYS_MAX: i64 = 400;

/// A day that was closed just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    pub business_day: NaiveDate,
    pub payouts: i64,
    pub paid_minor: i64,
    pub wallets_below_zero: i64,
}

/// What closing the open day now would pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosePreview {
    pub business_day: NaiveDate,
    pub payouts: i64,
    pub paid_minor: i64,
}

/// The days that are over and still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDays {
    pub open_day: NaiveDate,
    pub today: NaiveDate,
}

impl Accounting {
    /// Closes every day that is over, in order; those it closed.
    pub async fn close_due_days(&self) -> Result<Vec<ClosedDay>, Error> {
        self.doubt_the_clock().await?;
        let mut closed = Vec::new();
        while let Some(day) = self.close_next(|open, today| open < today, None).await? {
            closed.push(day);
        }
        Ok(closed)
    }

    /// As a job: one day a look.
    pub async fn close_one_due_day(&self) -> Result<Outcome, Error> {
        self.doubt_the_clock().await?;
        match self.close_next(|open, today| open < today, None).await? {
            Some(_) => Ok(Outcome::More),
            None => Ok(Outcome::Idle),
        }
    }

    /// Closes the days up to `day`, which may be today before its end. An error if it already is closed or has not begun.
    pub async fn close_day(&self, day: NaiveDate, closed_by: Option<PersonId>) -> Result<Vec<ClosedDay>, Error> {
        let due = self.load_due_days().await?;
        if day < due.open_day {
            let mut connection = self.write.acquire().await?;
            let known = store::load_day(&mut connection, day).await?;
            return Err(known.map_or(Error::DayNotFound(day), |_| Error::DayAlreadyClosed(day)));
        }
        if day > due.today {
            // Also tomorrow, which is open as soon as today was closed early.
            return Err(Error::DayNotBegun(day));
        }
        let mut closed = Vec::new();
        while let Some(one) = self.close_next(|open, today| open <= day && open <= today, closed_by).await? {
            closed.push(one);
        }
        if closed.is_empty() { Err(Error::DayAlreadyClosed(day)) } else { Ok(closed) }
    }

    /// What closing the open day now would pay; changes nothing.
    pub async fn preview_close(&self) -> Result<ClosePreview, Error> {
        let sum = async |connection: &mut PgConnection| {
            Ok((store::load_open_day(connection).await?, store::sum_positive_wallets(connection).await?))
        };
        let (business_day, (payouts, paid_minor)) = self.read.run(sum).await?;
        Ok(ClosePreview { business_day: business_day.ok_or(Error::NotPrepared)?, payouts, paid_minor })
    }

    /// A clock that has jumped years ahead must not close years; a person may, by naming the day.
    async fn doubt_the_clock(&self) -> Result<(), Error> {
        let due = self.load_due_days().await?;
        if due.today.signed_duration_since(due.open_day).num_days() > DUE_DAYS_MAX {
            return Err(Error::TooManyDueDays { open_day: due.open_day, today: due.today });
        }
        Ok(())
    }

    /// The open day and the day it is by the clock.
    pub async fn load_due_days(&self) -> Result<DueDays, Error> {
        let mut connection = self.write.acquire().await?;
        let open_day = store::load_open_day(&mut connection).await?.ok_or(Error::NotPrepared)?;
        Ok(DueDays { open_day, today: self.policy.day_of(self.write.ambient().now()) })
    }

    /// Closes the open day if `wanted(open day, today)`, in one transaction with its payouts and their events.
    async fn close_next(
        &self,
        wanted: impl Fn(NaiveDate, NaiveDate) -> bool,
        closed_by: Option<PersonId>,
    ) -> Result<Option<ClosedDay>, Error> {
        let today = self.policy.day_of(self.write.ambient().now());
        if !wanted(self.load_due_days().await?.open_day, today) {
            return Ok(None);
        }
        let mut tx = self.write.begin().await?;
        // Nothing is booked while this is held, and whoever closes beside us sees our result.
        store::lock_day_exclusive(&mut tx).await?;
        let day = store::load_open_day(&mut tx).await?.ok_or(Error::NotPrepared)?;
        let Some(next) = day.checked_add_days(Days::new(1)).filter(|_| wanted(day, today)) else {
            return Ok(None);
        };
        let now = tx.now();
        let (payouts, paid_minor) = self.pay_everybody(&mut tx, day, now).await?;
        let wallets_below_zero = store::count_wallets_below_zero(&mut tx).await?;
        let closed = ClosedDay { business_day: day, payouts, paid_minor, wallets_below_zero };
        store::close_day(&mut tx, &closed, closed_by.map(PersonId::uuid), now).await?;
        store::insert_day(&mut tx, next, now).await?;
        tx.commit().await?;
        tracing::info!(business_day = %day, payouts, paid_minor, wallets_below_zero, "a business day was closed");
        Ok(Some(closed))
    }

    /// Pays out every positive balance; how many and how much.
    async fn pay_everybody(&self, tx: &mut Tx, day: NaiveDate, now: DateTime<Utc>) -> Result<(i64, i64), Error> {
        let (mut payouts, mut paid_minor, mut after) = (0_i64, 0_i64, Uuid::nil());
        loop {
            let due = store::load_positive_wallets(tx, after, WALLETS_PER_STEP).await?;
            let Some((last, _)) = due.last() else { break };
            after = *last;
            let postings: Vec<Posting> = due
                .iter()
                .map(|(person_id, balance_minor)| Posting::payout(day, (*person_id).into(), *balance_minor, now))
                .collect();
            let statements = load_statements(tx, day, &due).await?;
            // If a payout of this day exists although the day is open, this fails: never pay over it.
            let ids = post_new(tx, &self.policy, &postings).await?;
            payouts += i64::try_from(due.len()).unwrap_or(i64::MAX);
            paid_minor += due.iter().map(|(_, balance_minor)| balance_minor).sum::<i64>();
            self.tell_payouts(tx, day, &due, &ids, statements).await?;
        }
        Ok((payouts, paid_minor))
    }

    async fn tell_payouts(
        &self,
        tx: &mut Tx,
        day: NaiveDate,
        due: &[(Uuid, i64)],
        ids: &[TransferId],
        mut statements: HashMap<Uuid, Statement>,
    ) -> Result<(), Error> {
        let mut payouts = due.iter().zip(ids).map(|((person_id, amount_minor), transfer_id)| {
            let statement = statements.remove(person_id).unwrap_or_else(|| Statement::carried(*amount_minor));
            Payout {
                transfer_id: *transfer_id,
                person_id: (*person_id).into(),
                amount_minor: *amount_minor,
                opening_balance_minor: statement.opening_balance_minor,
                lines_total: statement.lines_total,
                lines: statement.lines,
            }
        });
        let events = std::iter::repeat_with(|| PeoplePaid {
            business_day: day,
            currency: self.policy.currency,
            currency_exponent: self.policy.exponent,
            payouts: payouts.by_ref().take(PAYOUTS_PER_EVENT).collect(),
        });
        let events: Vec<PeoplePaid> = events.take_while(|paid| !paid.payouts.is_empty()).collect();
        Ok(tx.emit_all(&events).await?)
    }
}

/// A person's day, for the mail.
struct Statement {
    opening_balance_minor: i64,
    lines_total: i64,
    lines: Vec<StatementLine>,
}

impl Statement {
    /// A day without lines: what is paid was there before.
    const fn carried(balance_minor: i64) -> Self {
        Self { opening_balance_minor: balance_minor, lines_total: 0, lines: Vec::new() }
    }
}

async fn load_statements(tx: &mut Tx, day: NaiveDate, due: &[(Uuid, i64)]) -> Result<HashMap<Uuid, Statement>, Error> {
    let people: Vec<Uuid> = due.iter().map(|(person_id, _)| *person_id).collect();
    let mut statements: HashMap<Uuid, Statement> = HashMap::new();
    for row in store::load_statement_lines(tx, day, &people, STATEMENT_LINES_MAX).await? {
        let StatementRow { person_id, kind, title, change_minor, balance_after_minor, occurred_at, lines_total } = row;
        let statement = statements.entry(person_id).or_insert_with(|| Statement {
            opening_balance_minor: balance_after_minor - change_minor,
            lines_total,
            lines: Vec::new(),
        });
        statement.lines.push(StatementLine { kind, task_title: title, amount_minor: change_minor, occurred_at });
    }
    Ok(statements)
}

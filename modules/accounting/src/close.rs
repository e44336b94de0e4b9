//! Closing a business day: every positive balance is paid out in full, once (DOMAIN A7, A8).

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine};
use contracts::{AuditAction, PersonId, TransferId};
use kernel::events::audit::Audit;
use kernel::module::Notice;
use kernel::runtime::jobs::Outcome;
use kernel::runtime::span::traced;
use kernel::{DbError, Tx};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{ClosePreview, ClosedDay, DueDays, DueWallet, PayoutStatement, PayoutStatementLine, Posting};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// Number of wallets that one step of a close pays. The close is one transaction, but its memory
/// does not grow with the number of wallets.
const WALLETS_PER_STEP: i64 = 1_000;
/// Maximum number of lines in a mailed statement. The mail links to the rest.
const STATEMENT_LINES_MAX: i64 = 50;
/// Maximum number of payouts in one event. Each carries a statement, so an event has at most some
/// 300 KiB.
const PAYOUTS_PER_EVENT: usize = 50;

impl Accounting {
    /// Closes every day that is over, in order, and returns the closed days.
    ///
    /// # Errors
    /// `TooManyDueDays` if the clock is probably wrong.
    pub async fn close_due_days(&self) -> Result<Vec<ClosedDay>, Error> {
        let mut closed = Vec::new();
        while let Some(day) = self.close_next(DueDays::is_open_day_over, None, None).await? {
            closed.push(day);
        }
        Ok(closed)
    }

    /// Closes the first day that is over. The background job calls it. If the clock is probably
    /// wrong, it closes nothing: the notice asks a person to name the day.
    pub async fn close_next_due_day(&self) -> Result<Outcome, Error> {
        match self.close_next(DueDays::is_open_day_over, None, None).await {
            Ok(Some(_)) => Ok(Outcome::More),
            Ok(None) | Err(Error::TooManyDueDays { .. }) => Ok(Outcome::Idle),
            Err(error) => Err(error),
        }
    }

    /// Closes at startup what became due while no process ran. If the clock is probably wrong, it
    /// closes nothing and startup goes on: the notice asks a person to name the day.
    pub async fn catch_up(&self) -> Result<(), Error> {
        match self.close_due_days().await {
            Err(Error::TooManyDueDays { .. }) => Ok(()),
            closed => closed.map(drop),
        }
    }

    /// Closes the days up to and including `day`. The present day may be closed before its end. If
    /// the open day lies in the future because the clock was ahead, it may be closed too: otherwise
    /// people are not paid until it is over.
    ///
    /// # Errors
    /// The day is already closed, has not begun, or does not exist.
    pub async fn close_day(&self, day: NaiveDate, closed_by: Option<PersonId>) -> Result<Vec<ClosedDay>, Error> {
        let due = self.get_due_days().await?;
        if day < due.open_day {
            let mut connection = self.write.acquire().await?;
            let DueDays { open_day, today, .. } = due;
            self.write.check_idempotency_key().await?;
            return Err(match store::load_day(&mut connection, day).await? {
                None => Error::DayNotFound(day),
                Some(_) if due.is_open_day_ahead() => Error::OpenDayAhead { day, open_day, today },
                Some(_) => Error::DayAlreadyClosed(day),
            });
        }
        if !due.is_open_day_closed_by_naming(day) {
            // This includes tomorrow, which is open once the present day was closed early.
            return Err(Error::DayNotBegun(day));
        }
        let mut closed = Vec::new();
        let is_named = |due: DueDays| Ok(due.is_open_day_closed_by_naming(day));
        while let Some(one) = self.close_next(is_named, closed_by, Some(day)).await? {
            closed.push(one);
        }
        if closed.is_empty() {
            self.write.check_idempotency_key().await?;
            return Err(Error::DayAlreadyClosed(day));
        }
        Ok(closed)
    }

    /// Computes what closing the open day now would pay. Changes nothing.
    ///
    /// # Errors
    /// `day` is given and is not the open day.
    pub async fn preview_close(&self, day: Option<NaiveDate>) -> Result<ClosePreview, Error> {
        let load = async |connection: &mut PgConnection| {
            Ok((store::load_open_day(connection).await?, store::load_positive_balances(connection).await?))
        };
        let (open_day, positive) = self.read.run(load).await?;
        let business_day = open_day.ok_or(Error::NotPrepared)?;
        match day {
            Some(day) if day < business_day => Err(Error::DayAlreadyClosed(day)),
            Some(day) if day > business_day => Err(Error::DayNotBegun(day)),
            _ => Ok(ClosePreview { business_day, payouts: positive.wallets, paid_minor: positive.balance_minor }),
        }
    }

    /// The open day and the present day by the clock.
    pub async fn get_due_days(&self) -> Result<DueDays, Error> {
        let mut connection = self.write.acquire().await?;
        self.load_due_days(&mut connection, self.write.ambient().now()).await
    }

    async fn load_due_days(&self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<DueDays, Error> {
        let (open_day, opened_at) = store::load_open_day_and_time(connection).await?.ok_or(Error::NotPrepared)?;
        Ok(DueDays { open_day, opened_ahead_of_clock: opened_at > now, today: self.policy.day_of(now) })
    }

    /// What an accountant has to do before days are closed as usual. `None` if that is nothing.
    pub async fn get_notice(&self) -> Result<Option<Notice>, DbError> {
        match self.get_due_days().await {
            Ok(due) => Ok(due.notice()),
            Err(Error::Database(error)) => Err(error),
            // The first start opens the first day.
            Err(_) => Ok(None),
        }
    }

    /// Closes the open day if it `is_due`, in one transaction with its payouts and their events,
    /// and with the answer to the request that has named this day.
    async fn close_next(
        &self,
        is_due: impl Fn(DueDays) -> Result<bool, Error>,
        closed_by: Option<PersonId>,
        named: Option<NaiveDate>,
    ) -> Result<Option<ClosedDay>, Error> {
        if !is_due(self.get_due_days().await?)? {
            return Ok(None);
        }
        // The mails of a day that no request closes have a trace too.
        traced("close day", self.close_open_day(is_due, closed_by, named)).await
    }

    async fn close_open_day(
        &self,
        is_due: impl Fn(DueDays) -> Result<bool, Error>,
        closed_by: Option<PersonId>,
        named: Option<NaiveDate>,
    ) -> Result<Option<ClosedDay>, Error> {
        let mut tx = self.write.begin_command().await?;
        // Nothing is booked while this lock is held. A process that closes at the same time waits
        // for it and then sees the result of this close.
        store::lock_day_exclusive(&mut tx).await?;
        // While this waited for the lock, the open day or the clock may have changed.
        let now = tx.now();
        let due = self.load_due_days(&mut tx, now).await?;
        if !is_due(due)? {
            return Ok(None);
        }
        let day = due.open_day;
        let Some(next) = day.succ_opt() else { return Ok(None) };
        let (payouts, paid_minor) = self.pay_positive_wallets(&mut tx, day, now).await?;
        let wallets_below_zero = store::count_wallets_below_zero(&mut tx).await?;
        let closed = ClosedDay { business_day: day, payouts, paid_minor, wallets_below_zero };
        store::update_day_closed(&mut tx, &closed, closed_by, now).await?;
        store::insert_day(&mut tx, next, now).await?;
        tx.audit(Audit::new(AuditAction::DayClosed).of(day).with("payouts", payouts)).await?;
        if named == Some(day) {
            let answered = store::load_day(&mut tx, day).await?.ok_or(Error::DayNotFound(day))?;
            tx.commit_command(&answered).await?;
        } else {
            tx.commit().await?;
        }
        tracing::info!(business_day = %day, payouts, paid_minor, wallets_below_zero, "a business day was closed");
        Ok(Some(closed))
    }

    /// Pays out every positive balance. Returns the number and the sum of the payouts.
    async fn pay_positive_wallets(&self, tx: &mut Tx, day: NaiveDate, now: DateTime<Utc>) -> Result<(i64, i64), Error> {
        let (mut payouts, mut paid_minor, mut after) = (0_i64, 0_i64, Uuid::nil());
        loop {
            let due = store::lock_positive_wallets(tx, after, WALLETS_PER_STEP).await?;
            let Some(last) = due.last() else { break };
            after = last.person_id.uuid();
            let postings: Vec<Posting> =
                due.iter().map(|wallet| Posting::payout(day, wallet.person_id, wallet.balance_minor, now)).collect();
            let statements = load_statements(tx, day, &due).await?;
            // A payout of an open day must not exist yet. If it does, this fails, and the close
            // with it.
            let ids = self.post_new(tx, &postings).await?;
            payouts += i64::try_from(due.len()).unwrap_or(i64::MAX);
            paid_minor += due.iter().map(|wallet| wallet.balance_minor).sum::<i64>();
            tx.emit_all(&self.payout_events(day, &due, &ids, statements)).await?;
        }
        Ok((payouts, paid_minor))
    }

    /// The events of these payouts, each payout with its statement.
    pub(crate) fn payout_events(
        &self,
        day: NaiveDate,
        due: &[DueWallet],
        ids: &[TransferId],
        mut statements: HashMap<PersonId, PayoutStatement>,
    ) -> Vec<PeoplePaid> {
        let mut payouts = due.iter().zip(ids).map(|(wallet, transfer_id)| {
            let DueWallet { person_id, balance_minor } = *wallet;
            let statement =
                statements.remove(&person_id).unwrap_or_else(|| PayoutStatement::without_lines(balance_minor));
            Payout {
                transfer_id: *transfer_id,
                person_id,
                amount_minor: balance_minor,
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
        events.take_while(|paid| !paid.payouts.is_empty()).collect()
    }
}

/// The statements of these people for a day, without the payout.
pub(crate) async fn load_statements(
    tx: &mut Tx,
    day: NaiveDate,
    due: &[DueWallet],
) -> Result<HashMap<PersonId, PayoutStatement>, DbError> {
    let people: Vec<Uuid> = due.iter().map(|wallet| wallet.person_id.uuid()).collect();
    let mut statements: HashMap<PersonId, PayoutStatement> = HashMap::new();
    for line in store::list_statement_lines(tx, day, &people, STATEMENT_LINES_MAX).await? {
        let statement = statements.entry(line.person_id).or_insert_with(|| PayoutStatement::starting_with(&line));
        let PayoutStatementLine { kind, title, change_minor, occurred_at, .. } = line;
        statement.lines.push(StatementLine { kind, task_title: title, amount_minor: change_minor, occurred_at });
    }
    Ok(statements)
}

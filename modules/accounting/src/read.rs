//! Reading: wallets, transfers, statements, days, earnings and payouts. Nothing in this file
//! writes.

use chrono::NaiveDate;
use contracts::{Money, PersonId, TaskId, TransferId};
use kernel::db::Snapshot;
use kernel::http::paging::Limit;
use kernel::{DateRange, ListOrder, ListPosition};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    Day, DuePayout, PayoutsFilter, Statement, StatementTotals, Transfer, TransferKind, TransfersFilter, Wallet,
    WalletDaySums, WalletsFilter,
};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// Number of days of a list of earnings for which no range was asked for.
const EARNINGS_DAYS_DEFAULT: u64 = 30;

impl Accounting {
    /// An amount in the currency of the ledger.
    #[must_use]
    pub const fn money(&self, amount_minor: i64) -> Money {
        Money { amount_minor, currency: self.policy.currency }
    }

    /// The currency of the ledger, also of one that is not prepared by this version.
    ///
    /// # Errors
    /// `NotPrepared` before the first start.
    pub async fn get_currency(&self) -> Result<String, Error> {
        let mut connection = self.write.acquire().await?;
        store::load_currency(&mut connection).await?.ok_or(Error::NotPrepared)
    }

    /// A person's wallet. `None` if accounting does not know the person yet.
    pub async fn get_wallet(&self, person_id: PersonId) -> Result<Option<Wallet>, Error> {
        Ok(self.read.run(async |connection| store::load_wallet(connection, person_id).await).await?)
    }

    /// Wallets after `after` that match the filter, in its order; one more than the limit if there
    /// are more.
    pub async fn list_wallets(
        &self,
        filter: &WalletsFilter,
        after: Option<ListPosition<PersonId>>,
        limit: Limit,
    ) -> Result<Vec<Wallet>, Error> {
        let (after, rows) = (after.as_ref(), limit.rows());
        let list = async |connection: &mut PgConnection| match filter.order {
            ListOrder::Created => store::list_wallets(connection, filter, after.map(ListPosition::id), rows).await,
            ListOrder::Name => store::list_wallets_by_name(connection, filter, after, rows).await,
        };
        Ok(self.read.run(list).await?)
    }

    /// What a close of the open day would pay now, to people after `after`, in id order; one more
    /// than the limit if there are more.
    pub async fn list_due_payouts(&self, after: Option<PersonId>, limit: Limit) -> Result<Vec<DuePayout>, Error> {
        let after = after.map(PersonId::uuid).unwrap_or_default();
        let list = async |connection: &mut PgConnection| store::list_due_payouts(connection, after, limit.rows()).await;
        Ok(self.read.run(list).await?)
    }

    /// One transfer.
    ///
    /// # Errors
    /// `TransferNotFound` if the transfer does not exist.
    pub async fn get_transfer(&self, id: TransferId) -> Result<Transfer, Error> {
        let found = self.read.run(async |connection| store::load_transfer(connection, id).await).await?;
        found.ok_or(Error::TransferNotFound)
    }

    /// A wallet's transfers before a day and line, latest first; one more than the limit if there
    /// are more.
    ///
    /// # Errors
    /// `WalletNotFound` if accounting does not know the person yet.
    pub async fn list_transfers(
        &self,
        filter: TransfersFilter,
        before: Option<(NaiveDate, i64)>,
        limit: Limit,
    ) -> Result<Vec<Transfer>, Error> {
        self.get_wallet(filter.person_id).await?.ok_or(Error::WalletNotFound)?;
        self.list_my_transfers(filter, before, limit).await
    }

    /// The same; none if accounting does not know the person yet.
    pub async fn list_my_transfers(
        &self,
        filter: TransfersFilter,
        before: Option<(NaiveDate, i64)>,
        limit: Limit,
    ) -> Result<Vec<Transfer>, Error> {
        let (from, to) = bounds(filter.range);
        let before = before.unwrap_or((to, i64::MAX));
        let list = async |connection: &mut PgConnection| {
            store::list_transfers(connection, filter, from, before, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// The transfers of a task after `after`, in the order of their bookings; one more than the
    /// limit if there are more.
    pub async fn list_transfers_of_task(
        &self,
        task_id: TaskId,
        after: Option<TransferId>,
        limit: Limit,
    ) -> Result<Vec<Transfer>, Error> {
        let after = after.map(TransferId::uuid).unwrap_or_default();
        let list = async |connection: &mut PgConnection| {
            store::list_transfers_of_task(connection, task_id, after, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// The transfers of a day, of one kind or of any, before `before`, latest first; one more than
    /// the limit if there are more.
    pub async fn list_transfers_of_day(
        &self,
        day: NaiveDate,
        kind: Option<TransferKind>,
        before: Option<TransferId>,
        limit: Limit,
    ) -> Result<Vec<Transfer>, Error> {
        let before = before.map_or(Uuid::max(), TransferId::uuid);
        let list = async |connection: &mut PgConnection| {
            store::list_transfers_of_all(connection, day, kind, before, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// The days of a person's wallet that have transfers, with their totals, before `before`;
    /// latest first, and one more than the limit if there are more.
    ///
    /// # Errors
    /// `WalletNotFound` if accounting does not know the person yet.
    pub async fn list_statements(
        &self,
        person_id: PersonId,
        range: Option<DateRange>,
        before: Option<NaiveDate>,
        limit: Limit,
    ) -> Result<Vec<StatementTotals>, Error> {
        self.get_wallet(person_id).await?.ok_or(Error::WalletNotFound)?;
        self.list_my_statements(person_id, range, before, limit).await
    }

    /// The same; none if accounting does not know the person yet.
    pub async fn list_my_statements(
        &self,
        person_id: PersonId,
        range: Option<DateRange>,
        before: Option<NaiveDate>,
        limit: Limit,
    ) -> Result<Vec<StatementTotals>, Error> {
        let (from, to) = bounds(range);
        let before = before.unwrap_or_else(|| to.succ_opt().unwrap_or(to));
        let list = async |connection: &mut PgConnection| {
            store::list_statement_totals(connection, person_id, from, before, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// A person's day with its transfers after the line `after`, in ledger order; one more than the
    /// limit if there are more.
    ///
    /// # Errors
    /// `DayNotFound` if the day does not exist.
    pub async fn get_statement(
        &self,
        person_id: PersonId,
        day: NaiveDate,
        after: Option<i64>,
        limit: Limit,
    ) -> Result<Statement, Error> {
        let after = after.unwrap_or(0);
        let load = async |snapshot: &mut Snapshot| {
            let Some(found) = store::load_day(snapshot, day).await? else { return Ok(None) };
            let opening_balance_minor = store::load_balance_before(snapshot, person_id, day).await?;
            let sums = store::load_wallet_day_sums(snapshot, person_id, day).await?;
            let lines = store::list_transfers_of_day(snapshot, person_id, day, after, limit.rows()).await?;
            Ok(Some((found, opening_balance_minor, sums, lines)))
        };
        let (found, opening_balance_minor, WalletDaySums { earned_minor, paid_minor }, lines) =
            self.read.run_in_snapshot(load).await?.ok_or(Error::DayNotFound(day))?;
        Ok(Statement {
            person_id,
            business_day: day,
            is_closed: found.closed_at.is_some(),
            opening_balance_minor,
            earned_minor,
            paid_minor,
            closing_balance_minor: opening_balance_minor
                .saturating_add(earned_minor)
                .saturating_sub(paid_minor.unwrap_or(0)),
            lines,
        })
    }

    /// A business day.
    ///
    /// # Errors
    /// `DayNotFound` if the day does not exist.
    pub async fn get_day(&self, day: NaiveDate) -> Result<Day, Error> {
        let found = self.read.run(async |connection| store::load_day(connection, day).await).await?;
        found.ok_or(Error::DayNotFound(day))
    }

    /// A business day from the primary, for the answer to its close: a replica may lag behind the
    /// close.
    ///
    /// # Errors
    /// `DayNotFound` if the day does not exist.
    pub async fn get_closed_day(&self, day: NaiveDate) -> Result<Day, Error> {
        let mut connection = self.write.acquire().await?;
        store::load_day(&mut connection, day).await?.ok_or(Error::DayNotFound(day))
    }

    /// Days of the range before `before`, latest first; one more than the limit if there are more.
    pub async fn list_days(
        &self,
        range: Option<DateRange>,
        before: Option<NaiveDate>,
        limit: Limit,
    ) -> Result<Vec<Day>, Error> {
        let (from, to) = bounds(range);
        let before = before.unwrap_or_else(|| to.succ_opt().unwrap_or(to));
        let list = async |connection: &mut PgConnection| store::list_days(connection, from, before, limit.rows()).await;
        Ok(self.read.run(list).await?)
    }

    /// The range of a list of earnings. Without a range: the last thirty days.
    pub async fn earnings_range(&self, range: Option<DateRange>) -> Result<DateRange, Error> {
        if let Some(range) = range {
            return Ok(range);
        }
        Ok(DateRange::last_days(self.get_open_day().await?, EARNINGS_DAYS_DEFAULT))
    }

    /// The open business day.
    pub async fn get_open_day(&self) -> Result<NaiveDate, Error> {
        let open = self.read.run(async |connection| store::load_open_day(connection).await).await?;
        open.ok_or(Error::NotPrepared)
    }

    /// Payouts before a day and person: latest day first, then by person; one more than the limit
    /// if there are more.
    pub async fn list_payouts(
        &self,
        filter: PayoutsFilter,
        before: Option<(NaiveDate, PersonId)>,
        limit: Limit,
    ) -> Result<Vec<Transfer>, Error> {
        let (from, to) = bounds(filter.range);
        let (day, person) = before.map_or((to, Uuid::max()), |(day, person_id)| (day, person_id.uuid()));
        let list = async |connection: &mut PgConnection| match filter.person_id {
            None => store::list_payouts(connection, from, (day, person), limit.rows()).await,
            Some(of) => store::list_payouts_of_person(connection, of, from, (day, person), limit.rows()).await,
        };
        Ok(self.read.run(list).await?)
    }
}

/// The first and the last day of a list.
fn bounds(range: Option<DateRange>) -> (NaiveDate, NaiveDate) {
    range.map_or((NaiveDate::default(), NaiveDate::MAX), |range| (range.from(), range.to()))
}

//! The accounting module: what it is made of, how it starts, and what can be read of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use contracts::{Money, PersonId};
use kernel::db::Snapshot;
use kernel::jobs::Job;
use kernel::paging::Limit;
use kernel::{Module, ReadPool, WritePool};
use sqlx::PgConnection;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::error::Error;
use crate::settings::{Policy, Settings};
use crate::store::{self, DayRow, TransferRow, WalletRow};
use crate::subscribers::AccountingSubscriber;

/// How often to look whether a day is over.
const LOOK_FOR_DUE_DAYS: Duration = Duration::from_secs(5);
/// A range of days is at most so long: ten years.
const RANGE_DAYS_MAX: i64 = 3_660;

/// The accounting module.
#[derive(Clone)]
pub struct Accounting {
    pub(crate) write: WritePool,
    pub(crate) read: ReadPool,
    pub(crate) policy: Policy,
    close_wanted: Arc<Notify>,
}

/// From one day to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    from: NaiveDate,
    to: NaiveDate,
}

impl DateRange {
    /// `None` if it ends before it begins or is longer than ten years.
    #[must_use]
    pub fn new(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        let days = to.signed_duration_since(from).num_days();
        (0..RANGE_DAYS_MAX).contains(&days).then_some(Self { from, to })
    }
}

/// What a person's day looked like; amounts in minor units.
pub struct Statement {
    pub person_id: PersonId,
    pub business_day: NaiveDate,
    pub is_closed: bool,
    pub opening_balance_minor: i64,
    /// Fees, rewards and corrections of the day.
    pub earned_minor: i64,
    pub paid_minor: Option<i64>,
    pub closing_balance_minor: i64,
    pub lines: Vec<TransferRow>,
}

impl Accounting {
    /// Refuses settings that cannot be.
    pub fn new(write: WritePool, read: ReadPool, settings: &Settings) -> Result<Self, Error> {
        Ok(Self { write, read, policy: Policy::parse(settings)?, close_wanted: Arc::default() })
    }

    /// After the migrations: fixes the currency, records the pricing policy, opens the first day. Pays nobody. Safe in several
    /// processes at once. Only who may change the time zone (`serve`) makes days end elsewhere than before.
    pub async fn prepare(&self, may_change_time_zone: bool) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        store::lock_day_exclusive(&mut tx).await?;
        let (currency, time_zone) = store::keep_settings(&mut tx, &self.policy).await?;
        if currency != self.policy.currency.code() {
            return Err(Error::CurrencyChanged { kept: currency, configured: self.policy.currency.to_string() });
        }
        let configured = self.policy.time_zone.name();
        if time_zone != configured {
            if !may_change_time_zone {
                return Err(Error::TimeZoneDiffers { kept: time_zone, configured: configured.to_owned() });
            }
            tracing::warn!(before = time_zone, now = configured, "business days end in another time zone from now on");
            store::update_time_zone(&mut tx, &self.policy).await?;
        }
        let now = tx.now();
        store::keep_pricing_policy(&mut tx, &self.policy, now).await?;
        store::insert_first_day(&mut tx, self.policy.day_of(now), now).await?;
        Ok(tx.commit().await?)
    }

    #[must_use]
    pub fn module(&self) -> Module {
        let routes = self.clone();
        let closer = self.clone();
        Module {
            name: "accounting",
            routes: Arc::new(move |config| crate::http::configure(config, routes.clone())),
            write: Some(self.write.clone()),
            subscriber: Some(Arc::new(AccountingSubscriber::new(self.policy))),
            jobs: vec![Job::new(
                "accounting.close_days",
                LOOK_FOR_DUE_DAYS,
                Arc::clone(&self.close_wanted),
                move || {
                    let accounting = closer.clone();
                    async move { accounting.close_one_due_day().await }
                },
            )],
        }
    }

    /// An amount in the currency of the books.
    #[must_use]
    pub const fn money(&self, amount_minor: i64) -> Money {
        Money { amount_minor, currency: self.policy.currency }
    }

    /// The wallet of a person, `None` if nothing is known of it yet.
    pub async fn load_wallet(&self, person_id: PersonId) -> Result<Option<WalletRow>, Error> {
        Ok(self.read.run(async |connection| store::load_wallet(connection, person_id.uuid()).await).await?)
    }

    /// Wallets after `after` in id order; one more than the limit if there are more.
    pub async fn list_wallets(&self, after: Option<Uuid>, limit: Limit) -> Result<Vec<WalletRow>, Error> {
        let after = after.unwrap_or_default();
        Ok(self.read.run(async |connection| store::list_wallets(connection, after, limit.rows()).await).await?)
    }

    /// A wallet's lines before a day and line, latest first; one more than the limit if there are more.
    pub async fn list_transfers(
        &self,
        person_id: PersonId,
        before: Option<(NaiveDate, i64)>,
        limit: Limit,
    ) -> Result<Vec<TransferRow>, Error> {
        let (person, before) = (person_id.uuid(), before.unwrap_or((NaiveDate::MAX, i64::MAX)));
        let list =
            async |connection: &mut PgConnection| store::list_transfers(connection, person, before, limit.rows()).await;
        Ok(self.read.run(list).await?)
    }

    /// A person's day with its lines after `after`, in order; one more than the limit if there are more.
    pub async fn load_statement(
        &self,
        person_id: PersonId,
        day: NaiveDate,
        after: Option<i64>,
        limit: Limit,
    ) -> Result<Statement, Error> {
        let (person, after) = (person_id.uuid(), after.unwrap_or(0));
        let load = async |snapshot: &mut Snapshot| {
            let Some(row) = store::load_day(snapshot, day).await? else { return Ok(None) };
            let opening_balance_minor = store::load_balance_before(snapshot, person, day).await?;
            let sums = store::sum_day_of_wallet(snapshot, person, day).await?;
            let lines = store::list_transfers_of_day(snapshot, person, day, after, limit.rows()).await?;
            Ok(Some((row, opening_balance_minor, sums, lines)))
        };
        let (row, opening_balance_minor, (earned_minor, paid_minor), lines) =
            self.read.run_in_snapshot(load).await?.ok_or(Error::DayNotFound(day))?;
        Ok(Statement {
            person_id,
            business_day: day,
            is_closed: row.closed_at.is_some(),
            opening_balance_minor,
            earned_minor,
            paid_minor,
            closing_balance_minor: opening_balance_minor
                .saturating_add(earned_minor)
                .saturating_sub(paid_minor.unwrap_or(0)),
            lines,
        })
    }

    pub async fn load_day(&self, day: NaiveDate) -> Result<DayRow, Error> {
        let row = self.read.run(async |connection| store::load_day(connection, day).await).await?;
        row.ok_or(Error::DayNotFound(day))
    }

    /// A day as the primary has it: for the answer to its closing.
    pub async fn load_day_just_closed(&self, day: NaiveDate) -> Result<DayRow, Error> {
        let mut connection = self.write.acquire().await?;
        store::load_day(&mut connection, day).await?.ok_or(Error::DayNotFound(day))
    }

    /// Days below `before`, latest first; one more than the limit if there are more.
    pub async fn list_days(&self, before: Option<NaiveDate>, limit: Limit) -> Result<Vec<DayRow>, Error> {
        let before = before.unwrap_or(NaiveDate::MAX);
        let list = async |connection: &mut PgConnection| {
            store::list_days(connection, NaiveDate::default(), before, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// Every day of the range that is in the books, latest first. Without a range: the last thirty days.
    pub async fn load_earnings(&self, range: Option<DateRange>) -> Result<Vec<DayRow>, Error> {
        let load = async |connection: &mut PgConnection| {
            let range = match range {
                Some(range) => range,
                None => {
                    let Some(to) = store::load_open_day(connection).await? else { return Ok(None) };
                    DateRange { from: to.checked_sub_days(Days::new(29)).unwrap_or(to), to }
                }
            };
            let before = range.to.succ_opt().unwrap_or(range.to);
            store::list_days(connection, range.from, before, RANGE_DAYS_MAX).await.map(Some)
        };
        self.read.run(load).await?.ok_or(Error::NotPrepared)
    }

    /// Payouts, latest day first; one more than the limit if there are more.
    pub async fn list_payouts(
        &self,
        before: Option<(NaiveDate, Uuid)>,
        limit: Limit,
    ) -> Result<Vec<TransferRow>, Error> {
        let before = before.unwrap_or((NaiveDate::MAX, Uuid::max()));
        Ok(self.read.run(async |connection| store::list_payouts(connection, before, limit.rows()).await).await?)
    }
}

//! Reads the figures. Each answer comes from one snapshot of each database.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{Currency, PersonId};
use kernel::db::Snapshot;
use kernel::{DateRange, DbError};
use sqlx::PgConnection;

use crate::domain::{self, CompletedTask, DayEarnings, DayWallets, Period, RequestedDays};
use crate::error::Error;
use crate::{Analytics, store};

/// Number of days of a range that was not asked for.
const DAYS_DEFAULT: u64 = 30;

/// Figures, their currency, and the time at which they are true (DOMAIN N4).
pub(crate) struct Report<T> {
    /// Everything that was committed by then is in the figures.
    pub as_of: DateTime<Utc>,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The figures.
    pub figures: T,
}

/// The figures of the open business day.
pub(crate) struct Summary {
    /// The open business day.
    pub business_day: NaiveDate,
    /// The earnings of the day so far, in minor units.
    pub earned_minor: i64,
    /// Number of wallets whose balance is below zero now.
    pub wallets_below_zero: i64,
    /// The most expensive task that was completed on the day.
    pub top_task: Option<TopTask>,
}

/// The company's earnings over a range of days (DOMAIN N1).
pub(crate) struct Earnings {
    /// The range of days.
    pub range: DateRange,
    /// The sum of the earnings of the days, in minor units.
    pub total_minor: i64,
    /// The business days of the range, the earliest first.
    pub days: Vec<DayEarnings>,
}

/// The number of wallets below zero, now and on each day of a range (DOMAIN N2).
pub(crate) struct WalletsBelowZero {
    /// Number of wallets whose balance is below zero now.
    pub now: i64,
    /// The business days of the range, the earliest first.
    pub days: Vec<DayWallets>,
}

/// The most expensive task of a range and of each of its days (DOMAIN N3).
pub(crate) struct TopTasks {
    /// The range of days.
    pub range: DateRange,
    /// The most expensive task of the range.
    pub top: Option<TopTask>,
    /// The most expensive task of each day that has one, the earliest day first.
    pub days: Vec<TopTask>,
}

/// A completed task with the name of the person who completed it.
#[derive(Clone)]
pub(crate) struct TopTask {
    /// The task.
    pub task: CompletedTask,
    /// `None` while the tasks module does not know the person.
    pub completed_by_name: Option<String>,
}

impl Analytics {
    /// The earnings, the wallets below zero and the most expensive task of the open business day.
    pub(crate) async fn get_summary(&self) -> Result<Report<Summary>, Error> {
        let report = self
            .load_report(async |snapshot| {
                let Some(day) = store::load_open_day(snapshot).await? else { return Ok(None) };
                let wallets_below_zero = store::count_wallets_below_zero(snapshot).await?;
                let tasks = match Period::Day.range_around(day.business_day) {
                    Ok(today) => store::list_top_tasks(snapshot, today).await?,
                    // A day outside of the supported years has no tasks.
                    Err(_) => Vec::new(),
                };
                Ok(Some((day, wallets_below_zero, tasks)))
            })
            .await?;
        let Report { as_of, currency, figures } = report;
        let (day, wallets_below_zero, tasks) = figures.ok_or(Error::NotOpened)?;
        let top_task = self.load_top_tasks(tasks).await?.into_iter().next();
        let figures =
            Summary { business_day: day.business_day, earned_minor: day.earned_minor, wallets_below_zero, top_task };
        Ok(Report { as_of, currency, figures })
    }

    /// The company's earnings over the range, in all and day by day (DOMAIN N1). Without a range:
    /// over the last thirty days.
    pub(crate) async fn get_earnings(&self, range: Option<DateRange>) -> Result<Report<Earnings>, Error> {
        let range = self.range_or_last_days(range).await?;
        self.load_report(async |snapshot| {
            let total_minor = store::load_total_earned(snapshot, range).await?;
            let days = store::list_day_earnings(snapshot, range).await?;
            Ok(Earnings { range, total_minor, days })
        })
        .await
    }

    /// The number of wallets below zero, now and on each day of the range (DOMAIN N2). Without a
    /// range: on the last thirty days.
    pub(crate) async fn get_wallets_below_zero(
        &self,
        range: Option<DateRange>,
    ) -> Result<Report<WalletsBelowZero>, Error> {
        let range = self.range_or_last_days(range).await?;
        self.load_report(async |snapshot| {
            let now = store::count_wallets_below_zero(snapshot).await?;
            let days = store::list_day_wallets(snapshot, range, now).await?;
            Ok(WalletsBelowZero { now, days })
        })
        .await
    }

    /// The most expensive task of the range and of each of its days (DOMAIN N3).
    pub(crate) async fn get_top_tasks(&self, days: RequestedDays) -> Result<Report<TopTasks>, Error> {
        let range = match days {
            RequestedDays::Range(range) => range,
            RequestedDays::Around { date: Some(date), .. } => days.range(date)?,
            RequestedDays::Around { date: None, .. } => days.range(self.load_today().await?)?,
        };
        let report = self.load_report(async |snapshot| store::list_top_tasks(snapshot, range).await).await?;
        let Report { as_of, currency, figures: tasks } = report;
        let top_id = domain::most_expensive(&tasks).map(|task| task.task_id);
        let days = self.load_top_tasks(tasks).await?;
        let top = days.iter().find(|day| Some(day.task.task_id) == top_id).cloned();
        Ok(Report { as_of, currency, figures: TopTasks { range, top, days } })
    }

    async fn range_or_last_days(&self, range: Option<DateRange>) -> Result<DateRange, Error> {
        match range {
            Some(range) => Ok(range),
            None => Ok(DateRange::last_days(self.load_today().await?, DAYS_DEFAULT)),
        }
    }

    /// The open business day.
    async fn load_today(&self) -> Result<NaiveDate, Error> {
        let day = self.accounting.run(async |connection| store::load_open_day(connection).await).await?;
        Ok(day.ok_or(Error::NotOpened)?.business_day)
    }

    /// Reads figures from one snapshot of accounting's database.
    async fn load_report<T>(
        &self,
        mut load: impl AsyncFnMut(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<Report<T>, Error> {
        let loaded = self
            .accounting
            .run_in_snapshot(async |snapshot: &mut Snapshot| {
                // The first statement takes the snapshot, so this time is not later than it.
                let as_of = snapshot.as_of().unwrap_or_else(|| self.ambient.now());
                let Some(code) = store::load_currency(snapshot).await? else { return Ok(None) };
                Ok(Some((as_of, code, load(snapshot).await?)))
            })
            .await?;
        let (as_of, code, figures) = loaded.ok_or(Error::NotOpened)?;
        let currency = code
            .parse()
            .map_err(|error: contracts::InvalidCurrency| Error::Database(DbError::Codec(error.to_string())))?;
        Ok(Report { as_of, currency, figures })
    }

    /// Adds the names of the people who completed the tasks.
    async fn load_top_tasks(&self, tasks: Vec<CompletedTask>) -> Result<Vec<TopTask>, Error> {
        let mut people: Vec<PersonId> = tasks.iter().map(|task| task.completed_by).collect();
        people.sort_unstable();
        people.dedup();
        let names = if people.is_empty() {
            HashMap::new()
        } else {
            self.tracker.run(async |connection| store::list_names(connection, &people).await).await?
        };
        let named = |task: CompletedTask| {
            let completed_by_name = names.get(&task.completed_by).cloned();
            TopTask { task, completed_by_name }
        };
        Ok(tasks.into_iter().map(named).collect())
    }
}

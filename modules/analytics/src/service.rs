//! The questions: each is answered from one snapshot a database, and writes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, PersonId};
use kernel::db::Snapshot;
use kernel::{Ambient, ReadPool};
use sqlx::PgConnection;

use crate::domain::{self, CompletedTask, DateRange, Period};
use crate::error::Error;
use crate::store;
use crate::view::{
    CompletedByView, DayEarningsView, DayTopTaskView, DayWalletsView, EarningsView, SummaryView, TopTaskView,
    TopTasksView, WalletsBelowZeroView,
};

/// The analytics module: figures across modules for admins, from the read pools of both databases (DOMAIN N1 to N4).
#[derive(Clone)]
pub struct Analytics {
    tracker: ReadPool,
    accounting: ReadPool,
    ambient: Ambient,
}

/// One state of the books: as of when it is true, and in which currency.
struct Books {
    as_of: DateTime<Utc>,
    currency: Currency,
}

impl Analytics {
    /// `tracker` and `accounting` are pools on the two databases; nothing is connected yet.
    #[must_use]
    pub const fn new(tracker: ReadPool, accounting: ReadPool, ambient: Ambient) -> Self {
        Self { tracker, accounting, ambient }
    }

    /// The open day's earnings, the wallets below zero now, the open day's most expensive task.
    pub(crate) async fn summary(&self) -> Result<SummaryView, Error> {
        let (books, found) = self
            .ask(async |snapshot| {
                let Some(day) = store::select_open_day(snapshot).await? else { return Ok(None) };
                let wallets_below_zero = store::select_wallets_below_zero_now(snapshot).await?;
                let tasks = match DateRange::around(Period::Day, day.business_day) {
                    Ok(today) => store::select_top_tasks(snapshot, today).await?,
                    // A day out of reason has no tasks.
                    Err(_) => Vec::new(),
                };
                Ok(Some((day, wallets_below_zero, tasks)))
            })
            .await?;
        let (day, wallets_below_zero, tasks) = found.ok_or(Error::NotOpened)?;
        let names = self.names(&tasks).await?;
        Ok(SummaryView {
            business_day: day.business_day,
            earned_today: books.money(day.earned_minor),
            wallets_below_zero,
            top_task_today: tasks.first().map(|task| top_task(task, &names, &books)),
            as_of: books.as_of,
        })
    }

    /// DOMAIN N1.
    pub(crate) async fn earnings(&self, range: DateRange) -> Result<EarningsView, Error> {
        let (books, (total, days)) = self
            .ask(async |snapshot| {
                Ok((store::sum_earned(snapshot, range).await?, store::select_days(snapshot, range).await?))
            })
            .await?;
        let item = |day: store::DayRow| DayEarningsView {
            date: day.business_day,
            earned: books.money(day.earned_minor),
            fees: books.money(day.fees_minor),
            rewards: books.money(day.rewards_minor),
            reversed_fees: books.money(day.reversed_fees_minor),
            reversed_rewards: books.money(day.reversed_rewards_minor),
            closed: day.is_closed,
        };
        Ok(EarningsView {
            from: range.from(),
            to: range.to(),
            total: books.money(total),
            items: days.into_iter().map(item).collect(),
            next_cursor: None,
            as_of: books.as_of,
        })
    }

    /// DOMAIN N2.
    pub(crate) async fn wallets_below_zero(&self, range: DateRange) -> Result<WalletsBelowZeroView, Error> {
        let (books, (now, days)) = self
            .ask(async |snapshot| {
                let now = store::select_wallets_below_zero_now(snapshot).await?;
                Ok((now, store::select_wallets_below_zero(snapshot, range, now).await?))
            })
            .await?;
        let item = |day: store::WalletsRow| DayWalletsView {
            date: day.business_day,
            wallets: day.wallets,
            closed: day.is_closed,
        };
        Ok(WalletsBelowZeroView {
            now,
            items: days.into_iter().map(item).collect(),
            next_cursor: None,
            as_of: books.as_of,
        })
    }

    /// DOMAIN N3.
    pub(crate) async fn top_tasks(&self, range: DateRange) -> Result<TopTasksView, Error> {
        let (books, tasks) = self.ask(async |snapshot| store::select_top_tasks(snapshot, range).await).await?;
        let names = self.names(&tasks).await?;
        let item =
            |task: &CompletedTask| DayTopTaskView { date: task.completed_on, task: top_task(task, &names, &books) };
        Ok(TopTasksView {
            from: range.from(),
            to: range.to(),
            top: domain::most_expensive(&tasks).map(|task| top_task(task, &names, &books)),
            items: tasks.iter().map(item).collect(),
            next_cursor: None,
            as_of: books.as_of,
        })
    }

    /// Asks one state of the books, and says as of when it is true: whatever was committed by then is in it.
    async fn ask<T>(
        &self,
        mut question: impl AsyncFnMut(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<(Books, T), Error> {
        let asked = self
            .accounting
            .run_in_snapshot(async |snapshot: &mut Snapshot| {
                // Not later than the snapshot, which the first statement takes.
                let as_of = snapshot.as_of().unwrap_or_else(|| self.ambient.now());
                let Some(code) = store::select_currency(snapshot).await? else { return Ok(None) };
                Ok(Some((as_of, code, question(snapshot).await?)))
            })
            .await?;
        let (as_of, code, answer) = asked.ok_or(Error::NotOpened)?;
        let currency = code
            .parse()
            .map_err(|error: contracts::InvalidCurrency| Error::Database(sqlx::Error::Decode(error.into())))?;
        Ok((Books { as_of, currency }, answer))
    }

    async fn names(&self, tasks: &[CompletedTask]) -> Result<HashMap<PersonId, String>, Error> {
        let mut people: Vec<PersonId> = tasks.iter().map(|task| task.completed_by).collect();
        people.sort_unstable();
        people.dedup();
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.tracker.run(async |connection| store::select_names(connection, &people).await).await?)
    }
}

impl Books {
    const fn money(&self, amount_minor: i64) -> Money {
        Money { amount_minor, currency: self.currency }
    }
}

fn top_task(task: &CompletedTask, names: &HashMap<PersonId, String>, books: &Books) -> TopTaskView {
    TopTaskView {
        task_id: task.task_id,
        title: task.title.clone(),
        reference: task.reference.clone(),
        reward: books.money(task.reward_minor),
        completed_at: task.completed_at,
        completed_by: CompletedByView { id: task.completed_by, name: names.get(&task.completed_by).cloned() },
    }
}

//! The questions: each is answered from one snapshot a database, and writes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, PersonId};
use kernel::{Ambient, ReadPool};
use sqlx::{PgConnection, Postgres, Transaction};

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

/// One state of the books, and since when it may be out of date.
struct Books {
    snapshot: Transaction<'static, Postgres>,
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
        let mut books = self.open_books().await?;
        let day = store::select_open_day(&mut books.snapshot).await?.ok_or(Error::NotOpened)?;
        let wallets_below_zero = store::select_wallets_below_zero_now(&mut books.snapshot).await?;
        let today = DateRange::around(Period::Day, day.business_day)?;
        let tasks = store::select_top_tasks(&mut books.snapshot, today).await?;
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
        let mut books = self.open_books().await?;
        let total = store::sum_earned(&mut books.snapshot, range).await?;
        let days = store::select_days(&mut books.snapshot, range).await?;
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
        let mut books = self.open_books().await?;
        let now = store::select_wallets_below_zero_now(&mut books.snapshot).await?;
        let days = store::select_wallets_below_zero(&mut books.snapshot, range, now).await?;
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
        let mut books = self.open_books().await?;
        let tasks = store::select_top_tasks(&mut books.snapshot, range).await?;
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

    /// A snapshot of the books with the moment as of which it is true.
    async fn open_books(&self) -> Result<Books, Error> {
        let as_of = self.as_of();
        let mut snapshot = self.accounting.snapshot().await?;
        let currency = currency(&mut snapshot).await?;
        Ok(Books { snapshot, as_of, currency })
    }

    /// Taken before the snapshot: whatever was committed by then is in it. On a replica that lags this is not yet so.
    fn as_of(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    async fn names(&self, tasks: &[CompletedTask]) -> Result<HashMap<PersonId, String>, Error> {
        let mut people: Vec<PersonId> = tasks.iter().map(|task| task.completed_by).collect();
        people.sort_unstable();
        people.dedup();
        if people.is_empty() {
            return Ok(HashMap::new());
        }
        let mut snapshot = self.tracker.snapshot().await?;
        Ok(store::select_names(&mut snapshot, &people).await?)
    }
}

async fn currency(connection: &mut PgConnection) -> Result<Currency, Error> {
    let code = store::select_currency(connection).await?.ok_or(Error::NotOpened)?;
    code.parse().map_err(|error: contracts::InvalidCurrency| Error::Database(sqlx::Error::Decode(error.into())))
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

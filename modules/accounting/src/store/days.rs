//! The table `days`: business days, of which exactly one is open, and the lock on it.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::PersonId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{ClosedDay, Day};

/// Key of the advisory lock on the open day. A booking holds it shared, a close exclusively.
pub(super) const DAY_LOCK: i64 = 0xACC0_0001;

struct DayRow {
    business_day: NaiveDate,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    closed_by: Option<Uuid>,
    closed_by_name: Option<String>,
    payouts: Option<i64>,
    paid_minor: Option<i64>,
    wallets_below_zero: Option<i64>,
    fees_minor: i64,
    rewards_minor: i64,
    reversed_fees_minor: i64,
    reversed_rewards_minor: i64,
    earned_minor: i64,
}

impl From<DayRow> for Day {
    fn from(row: DayRow) -> Self {
        Self {
            business_day: row.business_day,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_by: row.closed_by.map(PersonId::from),
            closed_by_name: row.closed_by_name,
            payouts: row.payouts,
            paid_minor: row.paid_minor,
            wallets_below_zero: row.wallets_below_zero,
            fees_minor: row.fees_minor,
            rewards_minor: row.rewards_minor,
            reversed_fees_minor: row.reversed_fees_minor,
            reversed_rewards_minor: row.reversed_rewards_minor,
            earned_minor: row.earned_minor,
        }
    }
}

/// Waits until no booking is in progress, and blocks bookings and closes until the transaction
/// ends.
pub async fn lock_day_exclusive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", DAY_LOCK).execute(connection).await?;
    Ok(())
}

/// Returns the open day. `None` before the first start.
pub async fn load_open_day(connection: &mut PgConnection) -> Result<Option<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!("select business_day from accounting.days where closed_at is null")
        .fetch_optional(connection)
        .await
}

/// Returns the open day and when it was opened. `None` before the first start.
pub async fn load_open_day_and_time(
    connection: &mut PgConnection,
) -> Result<Option<(NaiveDate, DateTime<Utc>)>, sqlx::Error> {
    let row = sqlx::query!("select business_day, opened_at from accounting.days where closed_at is null")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.business_day, row.opened_at)))
}

/// Opens the first day. Does nothing if any day exists.
pub async fn insert_first_day(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.days (business_day, opened_at)
        select $1::date, $2::timestamptz
        where not exists (select from accounting.days)
        on conflict do nothing
        ",
        business_day,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Opens a day.
pub async fn insert_day(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into accounting.days (business_day, opened_at) values ($1, $2)", business_day, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes the open day with what was paid and what it earned.
pub async fn update_day_closed(
    connection: &mut PgConnection,
    closed: &ClosedDay,
    closed_by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update accounting.days
        set closed_at = $2,
            closed_by = $3,
            payouts = $4,
            paid_minor = $5,
            wallets_below_zero = $6,
            earned_minor = (
                select earned_minor
                from accounting_report.day_figures
                where business_day = $1
            )
        where business_day = $1
            and closed_at is null
        ",
        closed.business_day,
        now,
        closed_by.map(PersonId::uuid),
        closed.payouts,
        closed.paid_minor,
        closed.wallets_below_zero,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the days before `before` and not before `from`, latest first.
pub async fn list_days(
    connection: &mut PgConnection,
    from: NaiveDate,
    before: NaiveDate,
    limit: i64,
) -> Result<Vec<Day>, sqlx::Error> {
    let rows = sqlx::query_as!(
        DayRow,
        r#"
        select
            day.business_day, day.opened_at, day.closed_at, day.closed_by, day.payouts, day.paid_minor,
            day.wallets_below_zero,
            closer.name as "closed_by_name?",
            figures.fees_minor as "fees_minor!",
            figures.rewards_minor as "rewards_minor!",
            figures.reversed_fees_minor as "reversed_fees_minor!",
            figures.reversed_rewards_minor as "reversed_rewards_minor!",
            figures.earned_minor as "earned_minor!"
        from accounting.days as day
        join accounting_report.day_figures as figures on figures.business_day = day.business_day
        left join accounting.people as closer on closer.person_id = day.closed_by
        where day.business_day >= $1
            and day.business_day < $2
        order by day.business_day desc
        limit $3
        "#,
        from,
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Day::from).collect())
}

/// Returns one day.
pub async fn load_day(connection: &mut PgConnection, day: NaiveDate) -> Result<Option<Day>, sqlx::Error> {
    let Some(next) = day.succ_opt() else { return Ok(None) };
    Ok(list_days(connection, day, next, 1).await?.pop())
}

//! Business days: the lock on the open one, and what closing needs.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::close::ClosedDay;

/// Bookings hold it shared, a close exclusively.
pub(super) const DAY_LOCK: i64 = 0xACC0_0001;

/// A business day as it is shown; amounts in minor units.
#[derive(Debug, Clone)]
pub struct DayRow {
    pub business_day: NaiveDate,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<Uuid>,
    pub payouts: Option<i64>,
    pub paid_minor: Option<i64>,
    pub wallets_below_zero: Option<i64>,
    pub fees_minor: i64,
    pub rewards_minor: i64,
    pub reversed_fees_minor: i64,
    pub reversed_rewards_minor: i64,
    pub earned_minor: i64,
}

/// One line of somebody's day.
pub struct StatementRow {
    pub person_id: Uuid,
    pub kind: String,
    pub title: Option<String>,
    pub change_minor: i64,
    pub balance_after_minor: i64,
    pub occurred_at: DateTime<Utc>,
    pub lines_total: i64,
}

pub async fn lock_day_exclusive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", DAY_LOCK).execute(connection).await?;
    Ok(())
}

/// The day bookings go into. `None` before the first start.
pub async fn load_open_day(connection: &mut PgConnection) -> Result<Option<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!("select business_day from accounting.days where closed_at is null")
        .fetch_optional(connection)
        .await
}

/// Opens the first day there is; a second first is ignored.
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

pub async fn close_day(
    connection: &mut PgConnection,
    closed: &ClosedDay,
    closed_by: Option<Uuid>,
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
        closed_by,
        closed.payouts,
        closed.paid_minor,
        closed.wallets_below_zero,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Wallets above zero after `after`, in id order: whom to pay, and how much.
pub async fn load_positive_wallets(
    connection: &mut PgConnection,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select person_id, balance_minor
        from accounting.wallets
        where balance_minor > 0
            and person_id > $1
        order by person_id
        limit $2
        for update
        ",
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.balance_minor)).collect())
}

/// How many wallets are above zero, and how much they hold together.
pub async fn sum_positive_wallets(connection: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select count(*) as "wallets!", coalesce(sum(balance_minor), 0)::bigint as "balance_minor!"
        from accounting.wallets
        where balance_minor > 0
        "#
    )
    .fetch_one(connection)
    .await?;
    Ok((row.wallets, row.balance_minor))
}

pub async fn count_wallets_below_zero(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from accounting.wallets
        where balance_minor < 0
        "#
    )
    .fetch_one(connection)
    .await
}

/// The first lines of the day of each of these people, in ledger order, with how many there are in all.
pub async fn load_statement_lines(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    person_ids: &[Uuid],
    lines_max: i64,
) -> Result<Vec<StatementRow>, sqlx::Error> {
    sqlx::query_as!(
        StatementRow,
        r#"
        select
            line.person_id,
            line.kind,
            price.title as "title?",
            line.change_minor as "change_minor!",
            line.balance_after_minor,
            line.occurred_at,
            line.lines_total as "lines_total!"
        from (
            select
                person_id, line, kind, task_id, balance_after_minor, occurred_at,
                case when credit_account = person_id then amount_minor else -amount_minor end as change_minor,
                row_number() over (partition by person_id order by line) as place,
                count(*) over (partition by person_id) as lines_total
            from accounting.transfers
            where person_id = any($1)
                and business_day = $2
        ) as line
        left join accounting.prices as price on price.task_id = line.task_id
        where line.place <= $3
        order by line.person_id, line.line
        "#,
        person_ids,
        business_day,
        lines_max,
    )
    .fetch_all(connection)
    .await
}

/// Days before `before` and not before `from`, latest first.
pub async fn list_days(
    connection: &mut PgConnection,
    from: NaiveDate,
    before: NaiveDate,
    limit: i64,
) -> Result<Vec<DayRow>, sqlx::Error> {
    sqlx::query_as!(
        DayRow,
        r#"
        select
            day.business_day, day.opened_at, day.closed_at, day.closed_by, day.payouts, day.paid_minor,
            day.wallets_below_zero,
            figures.fees_minor as "fees_minor!",
            figures.rewards_minor as "rewards_minor!",
            figures.reversed_fees_minor as "reversed_fees_minor!",
            figures.reversed_rewards_minor as "reversed_rewards_minor!",
            figures.earned_minor as "earned_minor!"
        from accounting.days as day
        join accounting_report.day_figures as figures on figures.business_day = day.business_day
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
    .await
}

pub async fn load_day(connection: &mut PgConnection, day: NaiveDate) -> Result<Option<DayRow>, sqlx::Error> {
    let Some(next) = day.succ_opt() else { return Ok(None) };
    Ok(list_days(connection, day, next, 1).await?.pop())
}

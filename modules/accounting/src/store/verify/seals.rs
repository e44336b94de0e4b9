//! The reads that check the seals of closed days, and what relies on them.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;

use crate::domain::{DaySeal, EarlierBalances};

/// Returns the first day that is not before `since` or has no seal, and when it was opened. The
/// open day has no seal. `None` before the first start.
pub async fn load_first_day_to_check(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Option<(NaiveDate, DateTime<Utc>)>, sqlx::Error> {
    let row = sqlx::query!(
        "
        select business_day, opened_at
        from accounting.days as day
        where business_day >= $1
            or not exists (
                select
                from accounting.day_seals
                where business_day = day.business_day
            )
        order by business_day
        limit 1
        ",
        since,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.business_day, row.opened_at)))
}

/// Returns the seals of the days since then.
pub async fn list_day_seals(connection: &mut PgConnection, since: NaiveDate) -> Result<Vec<DaySeal>, sqlx::Error> {
    sqlx::query_as!(
        DaySeal,
        "
        select business_day, transfers, wallets_change_minor, earned_minor, payouts, paid_minor, digest
        from accounting.day_seals
        where business_day >= $1
        order by business_day
        ",
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns sealed days that are open, or whose figures are not those of their seal.
pub async fn list_days_that_differ_from_their_seals(
    connection: &mut PgConnection,
) -> Result<Vec<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select seal.business_day
        from accounting.day_seals as seal
        join accounting.days as day on day.business_day = seal.business_day
        left join accounting_report.day_figures as figures on figures.business_day = seal.business_day
        where day.closed_at is null
            or day.payouts is distinct from seal.payouts
            or day.paid_minor is distinct from seal.paid_minor
            or day.earned_minor is distinct from seal.earned_minor
            or figures.earned_minor is distinct from seal.earned_minor
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// Returns what the last lines of all wallets before a day come to, and what the seals of those
/// days say.
pub async fn load_earlier_balances(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<EarlierBalances, sqlx::Error> {
    sqlx::query_as!(
        EarlierBalances,
        r#"
        select
            coalesce(sum(earlier.balance_after_minor), 0)::bigint as "balance_minor!",
            coalesce(sum(earlier.line), 0)::bigint as "lines!",
            (
                select coalesce(sum(wallets_change_minor), 0)::bigint
                from accounting.day_seals
                where business_day < $1
            ) as "sealed_balance_minor!",
            (
                select coalesce(sum(transfers), 0)::bigint
                from accounting.day_seals
                where business_day < $1
            ) as "sealed_lines!"
        from accounting.wallets as wallet
        join lateral (
            select balance_after_minor, line
            from accounting.transfers
            where person_id = wallet.person_id
                and business_day < $1
            order by business_day desc, line desc
            limit 1
        ) as earlier on true
        "#,
        since,
    )
    .fetch_one(connection)
    .await
}

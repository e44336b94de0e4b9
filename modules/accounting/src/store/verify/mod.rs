//! The queries of `piecework verify` and `piecework reconcile`, which read all data, or all data
//! since a day. Each `list_` function returns rows that break an invariant.

mod facts;
mod seals;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::EarningsSums;

pub use facts::*;
pub use seals::*;

/// Returns wallets whose balance or number of lines is not that of their last line before a day and
/// of their transfers since then.
pub async fn list_unbalanced_wallets(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select coalesce(wallet.person_id, booked.person_id) as "person_id!"
        from accounting.wallets as wallet
        full join (
            select
                person_id,
                sum(case when credit_account = person_id then amount_minor else -amount_minor end) as balance_minor,
                count(*) as lines,
                max(line) as last
            from accounting.transfers
            where business_day >= $1
            group by person_id
        ) as booked on booked.person_id = wallet.person_id
        left join lateral (
            select balance_after_minor, line
            from accounting.transfers
            where person_id = wallet.person_id
                and business_day < $1
            order by business_day desc, line desc
            limit 1
        ) as earlier on true
        where wallet.balance_minor is distinct from
                coalesce(earlier.balance_after_minor, 0) + coalesce(booked.balance_minor, 0)
            or wallet.lines is distinct from coalesce(earlier.line, 0) + coalesce(booked.lines, 0)
            or wallet.lines is distinct from coalesce(booked.last, earlier.line, 0)
        limit 100
        "#,
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns transfers since a day whose balance is not the previous balance plus their amount, or
/// whose day is before the previous day.
pub async fn list_transfers_with_wrong_balance(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select transfer_id
        from (
            select
                transfer_id,
                person_id,
                balance_after_minor,
                business_day,
                case when credit_account = person_id then amount_minor else -amount_minor end as change_minor,
                lag(balance_after_minor) over wallet as balance_before_minor,
                lag(business_day) over wallet as day_before
            from accounting.transfers
            where business_day >= $1
            window wallet as (partition by person_id order by line)
        ) as line
        where day_before > business_day
            or balance_after_minor - change_minor <> coalesce(
                balance_before_minor,
                (
                    select balance_after_minor
                    from accounting.transfers
                    where person_id = line.person_id
                        and business_day < $1
                    order by business_day desc, line desc
                    limit 1
                ),
                0
            )
        limit 100
        ",
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns the sum over all accounts: the stored balances of the wallets, and the company's
/// earnings and the cash, summed over the seals before a day and the transfers since then.
pub async fn load_sum_of_accounts(connection: &mut PgConnection, since: NaiveDate) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select (
            (select coalesce(sum(balance_minor), 0) from accounting.wallets)
            - (select coalesce(sum(wallets_change_minor), 0) from accounting.day_seals where business_day < $1)
            + (
                select coalesce(sum(case when credit_account = person_id then -amount_minor else amount_minor end), 0)
                from accounting.transfers
                where business_day >= $1
            )
        )::bigint as "sum!"
        "#,
        since,
    )
    .fetch_one(connection)
    .await
}

/// Returns tasks that were priced since then and whose price is outside the range of the policy
/// that it refers to.
pub async fn list_prices_out_of_range(
    connection: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select price.task_id
        from accounting.prices as price
        join accounting.pricing_policies as policy on policy.version = price.policy_version
        where price.priced_at >= $1
            and (
                price.fee_minor not between policy.fee_min_minor and policy.fee_max_minor
                or price.reward_minor not between policy.reward_min_minor and policy.reward_max_minor
            )
        limit 100
        ",
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns fees and rewards since a day that are not the price of their task, or that have the
/// wrong direction.
pub async fn list_transfers_with_wrong_amount(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select line.transfer_id
        from accounting.transfers as line
        left join accounting.prices as price on price.task_id = line.task_id
        where line.business_day >= $1
            and (
                line.kind = 'assignment_fee'
                and (price.fee_minor is distinct from line.amount_minor or line.debit_account <> line.person_id)
                or line.kind = 'completion_reward'
                and (price.reward_minor is distinct from line.amount_minor or line.credit_account <> line.person_id)
            )
        limit 100
        ",
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns wallets that were above zero after a day was closed, with the day, for the days since
/// then.
pub async fn list_wallets_positive_after_close(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select last.person_id, last.business_day
        from (
            select distinct on (person_id, business_day) person_id, business_day, balance_after_minor
            from accounting.transfers
            where business_day >= $1
            order by person_id, business_day, line desc
        ) as last
        join accounting.days as day on day.business_day = last.business_day
        where day.closed_at is not null
            and last.balance_after_minor > 0
        limit 100
        ",
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.business_day)).collect())
}

/// Returns people who were paid more than once for a day, with the day, for the days since then.
pub async fn list_double_payouts(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select person_id, business_day
        from accounting.transfers
        where kind = 'payout'
            and business_day >= $1
        group by person_id, business_day
        having count(*) > 1
        limit 100
        ",
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.business_day)).collect())
}

/// Counts the wallets below zero twice: as they are reported, and as the balances are stored.
pub async fn count_wallets_below_zero_reported_and_stored(
    connection: &mut PgConnection,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            (select wallets from accounting_report.wallets_below_zero) as "reported!",
            (select count(*) from accounting.wallets where balance_minor < 0) as "counted!"
        "#
    )
    .fetch_one(connection)
    .await?;
    Ok((row.reported, row.counted))
}

/// Returns days since then whose totals, payouts or number of payouts are not those of their
/// transfers. A transfer that was booked after the close of its day has this effect.
pub async fn list_days_with_wrong_totals(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select coalesce(day.business_day, booked.business_day) as "business_day!"
        from accounting.days as day
        full join (
            select
                business_day,
                sum(case
                    when kind = 'payout' then 0
                    when debit_account = person_id then amount_minor
                    else -amount_minor
                end) as earned_minor,
                count(*) filter (where kind = 'payout') as payouts,
                coalesce(sum(amount_minor) filter (where kind = 'payout'), 0) as paid_minor
            from accounting.transfers
            where business_day >= $1
            group by business_day
        ) as booked on booked.business_day = day.business_day
        left join accounting_report.day_figures as figures on figures.business_day = day.business_day
        where coalesce(day.business_day, booked.business_day) >= $1
            and (
                figures.earned_minor is distinct from coalesce(booked.earned_minor, 0)
                or (day.closed_at is not null and day.payouts is distinct from coalesce(booked.payouts, 0))
                or (day.closed_at is not null and day.paid_minor is distinct from coalesce(booked.paid_minor, 0))
                or (day.closed_at is not null and day.earned_minor is distinct from coalesce(booked.earned_minor, 0))
            )
        limit 100
        "#,
        since,
    )
    .fetch_all(connection)
    .await
}

/// Returns the sum of the earnings of all days, and the balance of the company's account, summed
/// over the seals before a day and the transfers since then.
pub async fn load_earnings_by_days_and_account(
    connection: &mut PgConnection,
    earnings: Uuid,
    since: NaiveDate,
) -> Result<EarningsSums, sqlx::Error> {
    sqlx::query_as!(
        EarningsSums,
        r#"
        select
            (select coalesce(sum(earned_minor), 0)::bigint from accounting_report.day_figures) as "days_minor!",
            (
                (select coalesce(sum(earned_minor), 0) from accounting.day_seals where business_day < $2)
                + (
                    select coalesce(sum(case when credit_account = $1 then amount_minor else -amount_minor end), 0)
                    from accounting.transfers
                    where $1 in (credit_account, debit_account)
                        and business_day >= $2
                )
            )::bigint as "account_minor!"
        "#,
        earnings,
        since,
    )
    .fetch_one(connection)
    .await
}

/// Returns the number of payouts of each day since then, and a digest of the people paid.
pub async fn count_payouts_by_day(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<(NaiveDate, (i64, String))>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            business_day,
            count(*) as "payouts!",
            md5(string_agg(person_id::text, ',' order by person_id)) as "people!"
        from accounting.transfers
        where kind = 'payout'
            and business_day >= $1
        group by business_day
        "#,
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_day, (row.payouts, row.people))).collect())
}

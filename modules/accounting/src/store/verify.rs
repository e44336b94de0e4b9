//! Queries behind `piecework verify`; each names rows that break an invariant.

use chrono::NaiveDate;
use futures_util::stream::BoxStream;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// What the ledger says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFactRow {
    pub task_id: Uuid,
    pub fees: i64,
    pub rewards: i64,
    pub rewarded: Option<Uuid>,
    /// A digest of who was charged for which assignment.
    pub charged: Option<String>,
}

/// Every task with a price, in id order.
pub fn stream_ledger_facts(connection: &mut PgConnection) -> BoxStream<'_, Result<LedgerFactRow, sqlx::Error>> {
    sqlx::query_as!(
        LedgerFactRow,
        r#"
        select
            price.task_id,
            count(line.transfer_id) filter (where line.kind = 'assignment_fee') as "fees!",
            count(line.transfer_id) filter (where line.kind = 'completion_reward') as "rewards!",
            (max(line.person_id::text) filter (where line.kind = 'completion_reward'))::uuid as rewarded,
            md5(string_agg(
                split_part(line.business_key, ':', 3) || '=' || line.person_id,
                ',' order by split_part(line.business_key, ':', 3)::integer
            ) filter (where line.kind = 'assignment_fee')) as charged
        from accounting.prices as price
        left join accounting.transfers as line on line.task_id = price.task_id
        group by price.task_id
        order by price.task_id
        "#
    )
    .fetch(connection)
}

/// Wallets whose balance or line count is not that of their lines.
pub async fn find_unbalanced_wallets(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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
            group by person_id
        ) as booked on booked.person_id = wallet.person_id
        where wallet.balance_minor is distinct from coalesce(booked.balance_minor, 0)
            or wallet.lines is distinct from coalesce(booked.lines, 0)
            or wallet.lines is distinct from coalesce(booked.last, 0)
        limit 100
        "#
    )
    .fetch_all(connection)
    .await
}

/// Lines whose balance is not the one before plus their amount, or whose day goes back.
pub async fn find_broken_lines(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select transfer_id
        from (
            select
                transfer_id,
                balance_after_minor,
                business_day,
                case when credit_account = person_id then amount_minor else -amount_minor end as change_minor,
                lag(balance_after_minor, 1, 0::bigint) over wallet as balance_before_minor,
                lag(business_day) over wallet as day_before
            from accounting.transfers
            window wallet as (partition by person_id order by line)
        ) as line
        where balance_after_minor <> balance_before_minor + change_minor
            or day_before > business_day
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// The sum over all accounts: the wallets as they say they stand, the company's earnings and the cash as they were booked.
pub async fn sum_all_accounts(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select (
            (select coalesce(sum(balance_minor), 0) from accounting.wallets)
            + (
                select coalesce(sum(case when credit_account = person_id then -amount_minor else amount_minor end), 0)
                from accounting.transfers
            )
        )::bigint as "sum!"
        "#
    )
    .fetch_one(connection)
    .await
}

/// Prices outside the range of the policy they name.
pub async fn find_prices_out_of_range(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select price.task_id
        from accounting.prices as price
        join accounting.pricing_policies as policy on policy.version = price.policy_version
        where price.fee_minor not between policy.fee_min_minor and policy.fee_max_minor
            or price.reward_minor not between policy.reward_min_minor and policy.reward_max_minor
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// Fees and rewards that are not the price of their task, or go the wrong way.
pub async fn find_lines_apart_from_their_price(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select line.transfer_id
        from accounting.transfers as line
        left join accounting.prices as price on price.task_id = line.task_id
        where (
            line.kind = 'assignment_fee'
            and (price.fee_minor is distinct from line.amount_minor or line.debit_account <> line.person_id)
        ) or (
            line.kind = 'completion_reward'
            and (price.reward_minor is distinct from line.amount_minor or line.credit_account <> line.person_id)
        )
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// Wallets that were above zero when a day had closed, and the day.
pub async fn find_positive_at_close(connection: &mut PgConnection) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select last.person_id, last.business_day
        from (
            select distinct on (person_id, business_day) person_id, business_day, balance_after_minor
            from accounting.transfers
            order by person_id, business_day, line desc
        ) as last
        join accounting.days as day on day.business_day = last.business_day
        where day.closed_at is not null
            and last.balance_after_minor > 0
        limit 100
        "
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.business_day)).collect())
}

/// People paid more than once for a day.
pub async fn find_double_payouts(connection: &mut PgConnection) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select person_id, business_day
        from accounting.transfers
        where kind = 'payout'
        group by person_id, business_day
        having count(*) > 1
        limit 100
        "
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.business_day)).collect())
}

/// How many wallets are below zero, as it is reported and as it is.
pub async fn count_below_zero_twice(connection: &mut PgConnection) -> Result<(i64, i64), sqlx::Error> {
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

/// Days whose totals, payouts or count are not those of their transfers, or that got one after they had closed.
pub async fn find_days_apart_from_their_lines(connection: &mut PgConnection) -> Result<Vec<NaiveDate>, sqlx::Error> {
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
            group by business_day
        ) as booked on booked.business_day = day.business_day
        left join accounting_report.day_figures as figures on figures.business_day = day.business_day
        where figures.earned_minor is distinct from coalesce(booked.earned_minor, 0)
            or (day.closed_at is not null and day.payouts is distinct from coalesce(booked.payouts, 0))
            or (day.closed_at is not null and day.paid_minor is distinct from coalesce(booked.paid_minor, 0))
            or (day.closed_at is not null and day.earned_minor is distinct from coalesce(booked.earned_minor, 0))
        limit 100
        "#
    )
    .fetch_all(connection)
    .await
}

/// The sum of all days' earnings, and what the company's account holds.
pub async fn load_company_account(connection: &mut PgConnection, earnings: Uuid) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            (select coalesce(sum(earned_minor), 0)::bigint from accounting_report.day_figures) as "days_minor!",
            (
                select coalesce(sum(case when credit_account = $1 then amount_minor else -amount_minor end), 0)::bigint
                from accounting.transfers
                where $1 in (credit_account, debit_account)
            ) as "account_minor!"
        "#,
        earnings,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.days_minor, row.account_minor))
}

/// How many were paid on each day, and a digest of who.
pub async fn count_payouts_by_day(
    connection: &mut PgConnection,
) -> Result<Vec<(NaiveDate, (i64, String))>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            business_day,
            count(*) as "payouts!",
            md5(string_agg(person_id::text, ',' order by person_id)) as "people!"
        from accounting.transfers
        where kind = 'payout'
        group by business_day
        "#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_day, (row.payouts, row.people))).collect())
}

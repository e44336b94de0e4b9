//! The table `transfers`, summed up by wallet and business day.

use chrono::NaiveDate;
use contracts::PersonId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{PayoutStatementLine, StatementTotals, WalletDaySums};

/// Returns the balance of a wallet after its last transfer before `business_day`; zero without one.
pub async fn load_balance_before(
    connection: &mut PgConnection,
    person_id: PersonId,
    business_day: NaiveDate,
) -> Result<i64, sqlx::Error> {
    let balance = sqlx::query_scalar!(
        "
        select balance_after_minor
        from accounting.transfers
        where person_id = $1
            and business_day < $2
        order by business_day desc, line desc
        limit 1
        ",
        person_id.uuid(),
        business_day,
    )
    .fetch_optional(connection)
    .await?;
    Ok(balance.unwrap_or(0))
}

/// Returns the sum of a wallet's transfers of a day without payouts, and the amount of the payout.
pub async fn load_wallet_day_sums(
    connection: &mut PgConnection,
    person_id: PersonId,
    business_day: NaiveDate,
) -> Result<WalletDaySums, sqlx::Error> {
    sqlx::query_as!(
        WalletDaySums,
        r#"
        select
            coalesce(
                sum(case when credit_account = person_id then amount_minor else -amount_minor end)
                    filter (where kind <> 'payout'),
                0
            )::bigint as "earned_minor!",
            sum(amount_minor) filter (where kind = 'payout')::bigint as paid_minor
        from accounting.transfers
        where person_id = $1
            and business_day = $2
        "#,
        person_id.uuid(),
        business_day,
    )
    .fetch_one(connection)
    .await
}

/// Returns the days with transfers of a wallet, from the day `from` on and before `before`, latest
/// first.
pub async fn list_statement_totals(
    connection: &mut PgConnection,
    person_id: PersonId,
    from: NaiveDate,
    before: NaiveDate,
    limit: i64,
) -> Result<Vec<StatementTotals>, sqlx::Error> {
    sqlx::query_as!(
        StatementTotals,
        r#"
        select
            day.business_day,
            day.closed_at is not null as "is_closed!",
            total.lines as "lines!",
            total.earned_minor as "earned_minor!",
            total.paid_minor,
            last_line.balance_after_minor as closing_balance_minor
        from accounting.days as day
        join lateral (
            select balance_after_minor
            from accounting.transfers
            where person_id = $1
                and business_day = day.business_day
            order by line desc
            limit 1
        ) as last_line on true
        cross join lateral (
            select
                count(*) as lines,
                coalesce(
                    sum(case when credit_account = person_id then amount_minor else -amount_minor end)
                        filter (where kind <> 'payout'),
                    0
                )::bigint as earned_minor,
                sum(amount_minor) filter (where kind = 'payout')::bigint as paid_minor
            from accounting.transfers
            where person_id = $1
                and business_day = day.business_day
        ) as total
        where day.business_day >= $2
            and day.business_day < $3
        order by day.business_day desc
        limit $4
        "#,
        person_id.uuid(),
        from,
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Returns the first transfers of the day of each of these people without payouts, in ledger order,
/// each with the number of the person's transfers of the day.
pub async fn list_statement_lines(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    person_ids: &[Uuid],
    lines_max: i64,
) -> Result<Vec<PayoutStatementLine>, sqlx::Error> {
    sqlx::query_as!(
        PayoutStatementLine,
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
                and kind <> 'payout'
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

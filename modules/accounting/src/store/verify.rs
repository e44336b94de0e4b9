//! The queries of `piecework verify` and `piecework reconcile`, which read all data. Each `list_`
//! function returns rows that break an invariant.

use chrono::NaiveDate;
use contracts::PersonId;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{BookedFact, BookedFactKind, EarningsSums, LedgerFact};

struct LedgerFactRow {
    task_id: Uuid,
    fees: i64,
    rewards: i64,
    rewarded: Option<Uuid>,
    charged: Option<String>,
    fee_minor: i64,
    reward_minor: i64,
}

impl From<LedgerFactRow> for LedgerFact {
    fn from(row: LedgerFactRow) -> Self {
        Self {
            task_id: row.task_id.into(),
            fees: row.fees,
            rewards: row.rewards,
            rewarded: row.rewarded.map(PersonId::from),
            charged: row.charged,
            fee_minor: row.fee_minor,
            reward_minor: row.reward_minor,
        }
    }
}

/// Returns the price, the fees and the reward of every task with a price, in id order, without what
/// is withdrawn.
pub fn stream_ledger_facts(connection: &mut PgConnection) -> BoxStream<'_, Result<LedgerFact, sqlx::Error>> {
    sqlx::query_as!(
        LedgerFactRow,
        r#"
        select
            price.task_id,
            price.fee_minor,
            price.reward_minor,
            count(line.transfer_id) filter (where line.kind = 'assignment_fee') as "fees!",
            count(line.transfer_id) filter (where line.kind = 'completion_reward') as "rewards!",
            (max(line.person_id::text) filter (where line.kind = 'completion_reward'))::uuid as rewarded,
            md5(string_agg(
                split_part(line.business_key, ':', 3) || '=' || line.person_id,
                ',' order by split_part(line.business_key, ':', 3)::integer
            ) filter (where line.kind = 'assignment_fee')) as charged
        from accounting.prices as price
        left join (
            select transfer_id, task_id, kind, person_id, business_key
            from accounting.transfers
            where kind in ('assignment_fee', 'completion_reward')
                and transfer_id not in (select transfer_id from accounting.withdrawals)
        ) as line on line.task_id = price.task_id
        group by price.task_id
        order by price.task_id
        "#
    )
    .fetch(connection)
    .map_ok(LedgerFact::from)
    .boxed()
}

struct BookedFactRow {
    transfer_id: Uuid,
    task_id: Uuid,
    person_id: Uuid,
    amount_minor: i64,
    assignment: Option<i32>,
}

impl From<BookedFactRow> for BookedFact {
    fn from(row: BookedFactRow) -> Self {
        Self {
            transfer_id: row.transfer_id.into(),
            task_id: row.task_id.into(),
            kind: row.assignment.map_or(BookedFactKind::Completion, BookedFactKind::Assignment),
            person_id: row.person_id.into(),
            amount_minor: row.amount_minor,
        }
    }
}

/// Returns every fee and reward that is not withdrawn, in the order of the tasks' ids.
pub fn stream_booked_facts(connection: &mut PgConnection) -> BoxStream<'_, Result<BookedFact, sqlx::Error>> {
    sqlx::query_as!(
        BookedFactRow,
        r#"
        select
            transfer_id,
            task_id as "task_id!",
            person_id,
            amount_minor,
            case when kind = 'assignment_fee' then split_part(business_key, ':', 3)::integer end as assignment
        from accounting.transfers
        where kind in ('assignment_fee', 'completion_reward')
            and transfer_id not in (select transfer_id from accounting.withdrawals)
        order by task_id, line
        "#
    )
    .fetch(connection)
    .map_ok(BookedFact::from)
    .boxed()
}

/// Returns wallets whose balance or number of lines is not that of their transfers.
pub async fn list_unbalanced_wallets(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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

/// Returns transfers whose balance is not the previous balance plus their amount, or whose day is
/// before the previous day.
pub async fn list_transfers_with_wrong_balance(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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

/// Returns the sum over all accounts: the stored balances of the wallets, and the company's
/// earnings and the cash, summed over the transfers.
pub async fn load_sum_of_accounts(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
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

/// Returns tasks whose price is outside the range of the policy that it refers to.
pub async fn list_prices_out_of_range(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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

/// Returns fees and rewards that are not the price of their task, or that have the wrong direction.
pub async fn list_transfers_with_wrong_amount(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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

/// Returns wallets that were above zero after a day was closed, with the day.
pub async fn list_wallets_positive_after_close(
    connection: &mut PgConnection,
) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
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

/// Returns people who were paid more than once for a day, with the day.
pub async fn list_double_payouts(connection: &mut PgConnection) -> Result<Vec<(Uuid, NaiveDate)>, sqlx::Error> {
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

/// Returns days whose totals, payouts or number of payouts are not those of their transfers. A
/// transfer that was booked after the close of its day has this effect.
pub async fn list_days_with_wrong_totals(connection: &mut PgConnection) -> Result<Vec<NaiveDate>, sqlx::Error> {
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

/// Returns the sum of the earnings of all days, and the balance of the company's account.
pub async fn load_earnings_by_days_and_account(
    connection: &mut PgConnection,
    earnings: Uuid,
) -> Result<EarningsSums, sqlx::Error> {
    sqlx::query_as!(
        EarningsSums,
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
    .await
}

/// Returns the number of payouts of each day, and a digest of the people paid.
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

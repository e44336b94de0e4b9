//! Reading the books: wallets, their lines, payouts.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// A transfer as its wallet sees it; amounts in minor units.
#[derive(Debug, Clone)]
pub struct TransferRow {
    pub transfer_id: Uuid,
    pub kind: String,
    pub person_id: Uuid,
    pub person_name: Option<String>,
    pub line: i64,
    pub change_minor: i64,
    pub balance_after_minor: i64,
    pub task_id: Option<Uuid>,
    pub title: Option<String>,
    pub reverses: Option<Uuid>,
    pub reason: Option<String>,
    pub occurred_at: DateTime<Utc>,
    pub booked_at: DateTime<Utc>,
    pub business_day: NaiveDate,
}

/// A wallet as it is shown.
#[derive(Debug, Clone)]
pub struct WalletRow {
    pub person_id: Uuid,
    pub name: Option<String>,
    pub balance_minor: i64,
    /// What the open day has brought so far, payouts aside.
    pub today_minor: i64,
}

/// Wallets after `after`, in id order.
pub async fn list_wallets(
    connection: &mut PgConnection,
    after: Uuid,
    limit: i64,
) -> Result<Vec<WalletRow>, sqlx::Error> {
    let people = sqlx::query_scalar!(
        "
        select person_id
        from accounting.wallets
        where person_id > $1
        order by person_id
        limit $2
        ",
        after,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query_as!(
        WalletRow,
        r#"
        select person_id as "person_id!", name, balance_minor as "balance_minor!", today_minor as "today_minor!"
        from accounting.shown_wallets
        where person_id = any($1)
        order by person_id
        "#,
        &people,
    )
    .fetch_all(connection)
    .await
}

/// Not by the statement above: of a list PostgreSQL does not know how long it is, and would plan anew each time.
pub async fn load_wallet(connection: &mut PgConnection, person_id: Uuid) -> Result<Option<WalletRow>, sqlx::Error> {
    sqlx::query_as!(
        WalletRow,
        r#"
        select person_id as "person_id!", name, balance_minor as "balance_minor!", today_minor as "today_minor!"
        from accounting.shown_wallets
        where person_id = $1
        "#,
        person_id,
    )
    .fetch_optional(connection)
    .await
}

/// Lines of a wallet before a day and line, latest first.
pub async fn list_transfers(
    connection: &mut PgConnection,
    person_id: Uuid,
    (before_day, before_line): (NaiveDate, i64),
    limit: i64,
) -> Result<Vec<TransferRow>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where person_id = $1
            and (business_day, line) < ($2, $3)
        order by business_day desc, line desc
        limit $4
        ",
        person_id,
        before_day,
        before_line,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    load_transfers(connection, &ids).await
}

/// Lines of a wallet on one day after `after_line`, in order.
pub async fn list_transfers_of_day(
    connection: &mut PgConnection,
    person_id: Uuid,
    business_day: NaiveDate,
    after_line: i64,
    limit: i64,
) -> Result<Vec<TransferRow>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where person_id = $1
            and business_day = $2
            and line > $3
        order by line
        limit $4
        ",
        person_id,
        business_day,
        after_line,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    load_transfers(connection, &ids).await
}

/// Payouts before a day and person: latest day first, then by person, last first.
pub async fn list_payouts(
    connection: &mut PgConnection,
    (before_day, before_person): (NaiveDate, Uuid),
    limit: i64,
) -> Result<Vec<TransferRow>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where kind = 'payout'
            and (business_day, person_id) < ($1, $2)
        order by business_day desc, person_id desc
        limit $3
        ",
        before_day,
        before_person,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    load_transfers(connection, &ids).await
}

pub async fn load_transfer(connection: &mut PgConnection, id: Uuid) -> Result<Option<TransferRow>, sqlx::Error> {
    Ok(load_transfers(connection, &[id]).await?.pop())
}

/// These transfers as their wallets see them, in the order given.
async fn load_transfers(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<TransferRow>, sqlx::Error> {
    sqlx::query_as!(
        TransferRow,
        r#"
        select
            line.transfer_id, line.kind, line.person_id, line.line, line.balance_after_minor, line.task_id,
            line.reverses, line.reason, line.occurred_at, line.booked_at, line.business_day,
            case when line.credit_account = line.person_id then line.amount_minor else -line.amount_minor end
                as "change_minor!",
            price.title as "title?",
            person.name as "person_name?"
        from unnest($1::uuid[]) with ordinality as wanted (transfer_id, place)
        join accounting.transfers as line on line.transfer_id = wanted.transfer_id
        left join accounting.prices as price on price.task_id = line.task_id
        left join accounting.people as person on person.person_id = line.person_id
        order by wanted.place
        "#,
        ids,
    )
    .fetch_all(connection)
    .await
}

/// The balance of a wallet after its last line before `business_day`; zero without one.
pub async fn load_balance_before(
    connection: &mut PgConnection,
    person_id: Uuid,
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
        person_id,
        business_day,
    )
    .fetch_optional(connection)
    .await?;
    Ok(balance.unwrap_or(0))
}

/// What a day brought to a wallet, payouts aside, and what was paid out of it.
pub async fn sum_day_of_wallet(
    connection: &mut PgConnection,
    person_id: Uuid,
    business_day: NaiveDate,
) -> Result<(i64, Option<i64>), sqlx::Error> {
    let row = sqlx::query!(
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
        person_id,
        business_day,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.earned_minor, row.paid_minor))
}

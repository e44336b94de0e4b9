//! The table `tasks.prices`: the prices that accounting has set.

use contracts::TaskId;
use contracts::events::accounting::TasksPriced;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Stores prices. A price never changes (DOMAIN A2). If the stored copy differs all the same, one
/// of the databases has lost data, and accounting is right.
pub async fn insert_prices(connection: &mut PgConnection, priced: &TasksPriced) -> Result<(), sqlx::Error> {
    let prices = || priced.prices.iter();
    let task_ids: Vec<Uuid> = prices().map(|price| TaskId::uuid(price.task_id)).collect();
    let fees_minor: Vec<i64> = prices().map(|price| price.fee_minor).collect();
    let rewards_minor: Vec<i64> = prices().map(|price| price.reward_minor).collect();
    sqlx::query!(
        "
        insert into tasks.prices as stored (number, fee_minor, reward_minor, currency)
        select distinct on (task.number) task.number, price.fee_minor, price.reward_minor, $4
        from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as price (task_id, fee_minor, reward_minor)
        join tasks.tasks as task on task.task_id = price.task_id
        order by task.number
        on conflict (number) do update
            set fee_minor = excluded.fee_minor,
                reward_minor = excluded.reward_minor,
                currency = excluded.currency
            where (stored.fee_minor, stored.reward_minor, stored.currency)
                is distinct from (excluded.fee_minor, excluded.reward_minor, excluded.currency)
        ",
        &task_ids,
        &fees_minor,
        &rewards_minor,
        priced.currency.code(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The sum of the fees of these tasks, in minor units. Tasks without a price are left out.
pub async fn load_sum_of_fees(connection: &mut PgConnection, numbers: &[i64]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select coalesce(sum(fee_minor), 0)::bigint as "fees_minor!"
        from tasks.prices
        where number = any($1)
        "#,
        numbers,
    )
    .fetch_one(connection)
    .await
}

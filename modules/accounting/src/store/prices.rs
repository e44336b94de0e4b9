//! The table `prices`: one price a task, and the task's name.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::TaskId;
use contracts::events::accounting::TaskPrice;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{NewPrice, Policy, Price, TaskName};

/// Returns the prices of those of these tasks that have one.
pub async fn list_prices(
    connection: &mut PgConnection,
    task_ids: &[Uuid],
) -> Result<HashMap<TaskId, Price>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select task_id, title is not null as "is_named!", fee_minor, reward_minor
        from accounting.prices
        where task_id = any($1)
        "#,
        task_ids,
    )
    .fetch_all(connection)
    .await?;
    let price = |is_named, fee_minor, reward_minor| Price { is_named, fee_minor, reward_minor };
    Ok(rows.into_iter().map(|row| (row.task_id.into(), price(row.is_named, row.fee_minor, row.reward_minor))).collect())
}

/// Stores drawn prices under the policy that they were drawn from. Returns the ids of the tasks
/// that had no price yet.
pub async fn insert_prices(
    connection: &mut PgConnection,
    policy: &Policy,
    prices: &[NewPrice<'_>],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = prices.iter().map(|price| price.task_id.uuid()).collect();
    let titles: Vec<Option<&str>> = prices.iter().map(|price| price.name.title.as_deref()).collect();
    let references: Vec<Option<&str>> = prices.iter().map(|price| price.name.reference.as_deref()).collect();
    let fees: Vec<i64> = prices.iter().map(|price| price.fee_minor).collect();
    let rewards: Vec<i64> = prices.iter().map(|price| price.reward_minor).collect();
    sqlx::query_scalar!(
        "
        insert into accounting.prices (task_id, title, reference, fee_minor, reward_minor, policy_version, priced_at)
        select task_id, title, reference, fee_minor, reward_minor,
            (
                select version
                from accounting.pricing_policies
                where (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor) = ($7, $8, $9, $10)
            ),
            $6
        from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
            as input (task_id, title, reference, fee_minor, reward_minor)
        order by task_id
        on conflict (task_id) do nothing
        returning task_id
        ",
        &ids,
        &titles as &[Option<&str>],
        &references as &[Option<&str>],
        &fees,
        &rewards,
        now,
        policy.fee.low_minor(),
        policy.fee.high_minor(),
        policy.reward.low_minor(),
        policy.reward.high_minor(),
    )
    .fetch_all(connection)
    .await
}

/// Stores the names of tasks whose price was stored before the name was known.
pub async fn update_price_names(
    connection: &mut PgConnection,
    tasks: &[(TaskId, &TaskName)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = tasks.iter().map(|(id, _)| id.uuid()).collect();
    let titles: Vec<Option<&str>> = tasks.iter().map(|(_, name)| name.title.as_deref()).collect();
    let references: Vec<Option<&str>> = tasks.iter().map(|(_, name)| name.reference.as_deref()).collect();
    sqlx::query!(
        "
        update accounting.prices as price
        set title = input.title,
            reference = input.reference
        from unnest($1::uuid[], $2::text[], $3::text[]) as input (task_id, title, reference)
        where price.task_id = input.task_id
            and price.title is null
        ",
        &ids,
        &titles as &[Option<&str>],
        &references as &[Option<&str>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the prices of all tasks after `after`, in id order, each with the time when it was set.
pub async fn list_all_prices(
    connection: &mut PgConnection,
    after: Uuid,
    rows: i64,
) -> Result<Vec<(TaskPrice, DateTime<Utc>)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select task_id, fee_minor, reward_minor, priced_at
        from accounting.prices
        where task_id > $1
        order by task_id
        limit $2
        ",
        after,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let price = |task_id: Uuid, fee_minor, reward_minor| TaskPrice { task_id: task_id.into(), fee_minor, reward_minor };
    Ok(rows.into_iter().map(|row| (price(row.task_id, row.fee_minor, row.reward_minor), row.priced_at)).collect())
}

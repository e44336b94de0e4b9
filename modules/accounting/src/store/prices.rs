//! Prices, the policies they came from, and the people's names.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::events::identity::PersonState;
use contracts::{PersonId, TaskId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::pricing::TaskName;
use crate::settings::Policy;

/// A task's price, in minor units.
#[derive(Debug, Clone)]
pub struct PriceRow {
    /// Whether it is known how the task is called.
    pub is_named: bool,
    pub fee_minor: i64,
    pub reward_minor: i64,
}

/// A price that was drawn and may be the first.
pub struct NewPrice<'a> {
    pub task_id: TaskId,
    pub name: &'a TaskName,
    pub fee_minor: i64,
    pub reward_minor: i64,
}

impl From<&NewPrice<'_>> for PriceRow {
    fn from(price: &NewPrice<'_>) -> Self {
        Self { is_named: price.name.title.is_some(), fee_minor: price.fee_minor, reward_minor: price.reward_minor }
    }
}

pub async fn load_prices(
    connection: &mut PgConnection,
    task_ids: &[Uuid],
) -> Result<HashMap<TaskId, PriceRow>, sqlx::Error> {
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
    let price = |is_named, fee_minor, reward_minor| PriceRow { is_named, fee_minor, reward_minor };
    Ok(rows.into_iter().map(|row| (row.task_id.into(), price(row.is_named, row.fee_minor, row.reward_minor))).collect())
}

/// Stores prices under the policy they were drawn by; the ids of the tasks that had none.
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
            as drawn (task_id, title, reference, fee_minor, reward_minor)
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

/// Says how tasks are called whose price came before their name.
pub async fn name_prices(connection: &mut PgConnection, tasks: &[(TaskId, &TaskName)]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = tasks.iter().map(|(id, _)| id.uuid()).collect();
    let titles: Vec<Option<&str>> = tasks.iter().map(|(_, name)| name.title.as_deref()).collect();
    let references: Vec<Option<&str>> = tasks.iter().map(|(_, name)| name.reference.as_deref()).collect();
    sqlx::query!(
        "
        update accounting.prices as price
        set title = named.title,
            reference = named.reference
        from unnest($1::uuid[], $2::text[], $3::text[]) as named (task_id, title, reference)
        where price.task_id = named.task_id
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

/// Records the ranges in force, as a new version unless they were in force before.
pub async fn keep_pricing_policy(
    connection: &mut PgConnection,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.pricing_policies
            (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor, created_at)
        select $1, $2, $3, $4, $5
        where not exists (
            select
            from accounting.pricing_policies
            where (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor) = ($1, $2, $3, $4)
        )
        ",
        policy.fee.low_minor(),
        policy.fee.high_minor(),
        policy.reward.low_minor(),
        policy.reward.high_minor(),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records currency and time zone at the first start; those the books are kept in.
pub async fn keep_settings(connection: &mut PgConnection, policy: &Policy) -> Result<(String, String), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.settings (currency, currency_exponent, time_zone)
        values ($1, $2, $3)
        on conflict (singleton) do nothing
        ",
        policy.currency.code(),
        i16::from(policy.exponent),
        policy.time_zone.name(),
    )
    .execute(&mut *connection)
    .await?;
    let kept = sqlx::query!("select currency, time_zone from accounting.settings").fetch_one(connection).await?;
    Ok((kept.currency, kept.time_zone))
}

/// Lets the days end elsewhere from now on.
pub async fn update_time_zone(connection: &mut PgConnection, policy: &Policy) -> Result<(), sqlx::Error> {
    sqlx::query!("update accounting.settings set time_zone = $1", policy.time_zone.name()).execute(connection).await?;
    Ok(())
}

/// Keeps names that are newer than what is known.
pub async fn upsert_people(connection: &mut PgConnection, people: &[PersonState]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| PersonId::uuid(person.person_id)).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    sqlx::query!(
        "
        insert into accounting.people as known (person_id, version, name)
        select distinct on (person_id) person_id, version, name
        from unnest($1::uuid[], $2::bigint[], $3::text[]) as told (person_id, version, name)
        order by person_id, version desc
        on conflict (person_id) do update
            set version = excluded.version,
                name = excluded.name
            where known.version < excluded.version
        ",
        &ids,
        &versions,
        &names as &[&str],
    )
    .execute(connection)
    .await?;
    Ok(())
}

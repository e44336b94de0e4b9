//! The people as the tasks module knows them, and the pools that draws are made from.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub struct PersonRow {
    pub person_id: Uuid,
    pub version: i64,
    pub name: String,
    pub email: String,
    pub is_assignable: bool,
}

/// Keeps what is newer than what is known.
pub async fn upsert_people(connection: &mut PgConnection, people: &[PersonRow]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.person_id).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    let emails: Vec<&str> = people.iter().map(|person| person.email.as_str()).collect();
    let assignable: Vec<bool> = people.iter().map(|person| person.is_assignable).collect();
    sqlx::query!(
        "
        insert into tasks.people as known (person_id, version, name, email, is_assignable)
        select distinct on (person_id) person_id, version, name, email, is_assignable
        from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::boolean[])
            as told (person_id, version, name, email, is_assignable)
        order by person_id, version desc
        on conflict (person_id) do update
            set version = excluded.version,
                name = excluded.name,
                email = excluded.email,
                is_assignable = excluded.is_assignable
            where known.version < excluded.version
        ",
        &ids,
        &versions,
        &names as &[&str],
        &emails as &[&str],
        &assignable,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Everybody who may be drawn now, in id order.
pub async fn load_assignable_ids(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select person_id
        from tasks.people
        where is_assignable
        order by person_id
        "
    )
    .fetch_all(connection)
    .await
}

/// The pool in force: its id and members. `None` before the first person was heard of.
pub async fn load_pool(connection: &mut PgConnection) -> Result<Option<(i64, Vec<Uuid>)>, sqlx::Error> {
    let row = sqlx::query!(
        "
        select pool_id, members
        from tasks.pools
        order by pool_id desc
        limit 1
        "
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.pool_id, row.members)))
}

pub async fn insert_pool(
    connection: &mut PgConnection,
    members: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into tasks.pools (members, created_at) values ($1, $2)", members, now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Of these people, those who have open tasks, with the number of them.
pub async fn count_open_tasks_by_person(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<Vec<(Uuid, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select assignee_id, count(*) as "tasks!"
        from tasks.open_tasks
        where assignee_id = any($1)
        group by assignee_id
        order by assignee_id
        "#,
        person_ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.assignee_id, row.tasks)).collect())
}

/// The people behind e-mail addresses (compared in lower case): address and id.
pub async fn load_person_ids_by_email(
    connection: &mut PgConnection,
    emails: &[String],
) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select lower(email) as "email!", person_id
        from tasks.people
        where lower(email) = any($1)
        "#,
        emails,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.email, row.person_id)).collect())
}

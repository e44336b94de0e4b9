//! The table `tasks.people`: people as the tasks module knows them.

use std::collections::HashMap;

use contracts::PersonId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::Person;

/// Inserts people, and updates those whose stored version is lower.
pub async fn upsert_people(connection: &mut PgConnection, people: &[Person]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.person_id.uuid()).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    let emails: Vec<&str> = people.iter().map(|person| person.email.as_str()).collect();
    let assignable: Vec<bool> = people.iter().map(|person| person.is_assignable).collect();
    sqlx::query!(
        "
        insert into tasks.people as stored (person_id, version, name, email, is_assignable)
        select distinct on (person_id) person_id, version, name, email, is_assignable
        from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::boolean[])
            as input (person_id, version, name, email, is_assignable)
        order by person_id, version desc
        on conflict (person_id) do update
            set version = excluded.version,
                name = excluded.name,
                email = excluded.email,
                is_assignable = excluded.is_assignable
            where stored.version < excluded.version
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

/// The people who are assignable now, in the order of their ids.
pub async fn list_assignable_ids(connection: &mut PgConnection) -> Result<Vec<PersonId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select person_id
        from tasks.people
        where is_assignable
        order by person_id
        "
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(PersonId::from).collect())
}

/// The people whose e-mail address has one of these keys: key and id. Identity publishes addresses
/// whose lower case is their key.
pub async fn list_person_ids_by_email(
    connection: &mut PgConnection,
    emails: &[String],
) -> Result<Vec<(String, PersonId)>, sqlx::Error> {
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
    Ok(rows.into_iter().map(|row| (row.email, row.person_id.into())).collect())
}

/// The names of these people. People whom the module does not know yet are left out.
pub async fn list_names(
    connection: &mut PgConnection,
    person_ids: &[PersonId],
) -> Result<HashMap<PersonId, String>, sqlx::Error> {
    let ids: Vec<Uuid> = person_ids.iter().map(|person_id| person_id.uuid()).collect();
    let rows = sqlx::query!("select person_id, name from tasks.people where person_id = any($1)", &ids)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.person_id.into(), row.name)).collect())
}

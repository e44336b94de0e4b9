//! The table `people`: the names of people, as identity published them.

use contracts::PersonId;
use contracts::events::identity::PersonState;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Stores names. An older version than the stored one is ignored.
pub async fn upsert_people(connection: &mut PgConnection, people: &[PersonState]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| PersonId::uuid(person.person_id)).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    sqlx::query!(
        "
        insert into accounting.people as stored (person_id, version, name)
        select distinct on (person_id) person_id, version, name
        from unnest($1::uuid[], $2::bigint[], $3::text[]) as input (person_id, version, name)
        order by person_id, version desc
        on conflict (person_id) do update
            set version = excluded.version,
                name = excluded.name
            where stored.version < excluded.version
        ",
        &ids,
        &versions,
        &names as &[&str],
    )
    .execute(connection)
    .await?;
    Ok(())
}

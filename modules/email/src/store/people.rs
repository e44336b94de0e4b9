//! The table `people`: the names, addresses and languages that mail is sent with.

use contracts::events::identity::PersonState;
use sqlx::PgConnection;
use uuid::Uuid;

/// Stores the newest state of each person. A version that is older than the stored one is ignored.
pub async fn upsert_people(connection: &mut PgConnection, people: &[PersonState]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.person_id.uuid()).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let emails: Vec<String> = people.iter().map(|person| person.email.clone()).collect();
    let languages: Vec<Option<String>> = people.iter().map(|person| person.language.clone()).collect();
    sqlx::query!(
        "insert into email.people as known (person_id, version, name, email, language)
         select distinct on (person_id) person_id, version, name, email, language
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[])
             as person (person_id, version, name, email, language)
         order by person_id, version desc
         on conflict (person_id) do update
         set version = excluded.version,
             name = excluded.name,
             email = excluded.email,
             language = excluded.language
         where known.version < excluded.version",
        &ids,
        &versions,
        &names,
        &emails,
        &languages as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

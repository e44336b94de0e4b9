//! The table `people`: people. Their passwords and access versions are in `credentials.rs`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{PersonId, Role};
use kernel::{DbError, ListPosition};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{PeopleFilter, Person, ValidPerson};
use crate::error::Error;

struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    active: bool,
    language: Option<String>,
    time_zone: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<PersonRow> for Person {
    type Error = sqlx::Error;

    fn try_from(row: PersonRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: PersonId::from(row.id),
            email: row.email,
            name: row.name,
            role: parse_role(&row.role)?,
            active: row.active,
            language: row.language,
            time_zone: row.time_zone,
            version: row.version,
            created_at: row.created_at,
        })
    }
}

fn parse_role(text: &str) -> Result<Role, sqlx::Error> {
    text.parse().map_err(|error: contracts::InvalidRole| sqlx::Error::Decode(error.into()))
}

/// Whether there is any person.
pub async fn exists_person(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from identity.people) as "exists!""#).fetch_one(connection).await
}

/// Stores a new person; `Error::EmailTaken` if another person has the address.
pub async fn insert_person(
    connection: &mut PgConnection,
    person: &Person,
    email_key: &str,
    password_hash: Option<&str>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into identity.people (
             id, email, email_key, name, role, active, language, password_hash, version, access_version, created_at
         )
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10)",
        person.id.uuid(),
        person.email,
        email_key,
        person.name,
        person.role.as_str(),
        person.active,
        person.language,
        password_hash,
        person.version,
        person.created_at
    )
    .execute(connection)
    .await
    .map_err(email_error)?;
    Ok(())
}

/// Stores the people whose e-mail address is new, active and without a password. Returns them in
/// the order of `people`.
pub async fn insert_people(
    connection: &mut PgConnection,
    people: Vec<(PersonId, ValidPerson)>,
    now: DateTime<Utc>,
) -> Result<Vec<Person>, sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|(id, _)| id.uuid()).collect();
    let emails: Vec<String> = people.iter().map(|(_, person)| person.email.text.clone()).collect();
    let email_keys: Vec<String> = people.iter().map(|(_, person)| person.email.key.clone()).collect();
    let names: Vec<String> = people.iter().map(|(_, person)| person.name.clone()).collect();
    let roles: Vec<String> = people.iter().map(|(_, person)| person.role.as_str().to_owned()).collect();
    let languages: Vec<Option<String>> = people.iter().map(|(_, person)| person.language.clone()).collect();
    // The rows are inserted in their order: of two with the same address the first one counts.
    let added: std::collections::HashSet<Uuid> = sqlx::query_scalar!(
        "insert into identity.people (id, email, email_key, name, role, active, language, version, access_version, created_at)
         select id, email, email_key, name, role, true, language, 1, 1, $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
             with ordinality as new (id, email, email_key, name, role, language, place)
         order by place
         on conflict on constraint people_email_unique do nothing
         returning id",
        &ids,
        &emails,
        &email_keys,
        &names,
        &roles,
        &languages as &[Option<String>],
        now
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .collect();
    let new = people.into_iter().filter(|(id, _)| added.contains(&id.uuid()));
    Ok(new.map(|(id, person)| person.into_person(id, now)).collect())
}

/// The name and the role of each person with one of these keys of addresses, after the key.
pub async fn list_names_and_roles(
    connection: &mut PgConnection,
    email_keys: &[String],
) -> Result<Vec<(String, String, Role)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select email_key, name, role
         from identity.people
         where email_key = any($1)",
        email_keys
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((row.email_key, row.name, parse_role(&row.role)?))).collect()
}

/// The names of these people. Ids of nobody have no name.
pub async fn list_names(connection: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<PersonId, String>, sqlx::Error> {
    let rows =
        sqlx::query!("select id, name from identity.people where id = any($1)", ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (PersonId::from(row.id), row.name)).collect())
}

/// The person.
pub async fn load_person(connection: &mut PgConnection, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, time_zone, version, created_at
         from identity.people
         where id = $1",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// The person, locked against other changes until the transaction ends.
pub async fn lock_person(connection: &mut PgConnection, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, time_zone, version, created_at
         from identity.people
         where id = $1
         for no key update",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// Up to `rows` people that match the filter, in the order in which they were created.
pub async fn list_people(
    connection: &mut PgConnection,
    filter: &PeopleFilter,
    after: Option<&ListPosition<PersonId>>,
    rows: i64,
) -> Result<Vec<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, time_zone, version, created_at
         from identity.people
         where ($1::uuid is null or id > $1)
           and ($2::text is null or role = $2)
           and ($3::text is null
               or strpos(lower(name), lower($3)) > 0
               or ($4 and strpos(email_key, lower($3)) > 0))
           and ($5::boolean is null or active = $5)
         order by id
         limit $6",
        after.map(|after| after.id().uuid()),
        filter.role.map(Role::as_str),
        filter.text,
        filter.search_email,
        filter.active,
        rows
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

/// Up to `rows` people that match the filter, in the order of their names.
pub async fn list_people_by_name(
    connection: &mut PgConnection,
    filter: &PeopleFilter,
    after: Option<&ListPosition<PersonId>>,
    rows: i64,
) -> Result<Vec<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, time_zone, version, created_at
         from identity.people
         where ($1::uuid is null or (lower(name), id) > (lower($7), $1))
           and ($2::text is null or role = $2)
           and ($3::text is null
               or strpos(lower(name), lower($3)) > 0
               or ($4 and strpos(email_key, lower($3)) > 0))
           and ($5::boolean is null or active = $5)
         order by lower(name), id
         limit $6",
        after.map(|after| after.id().uuid()),
        filter.role.map(Role::as_str),
        filter.text,
        filter.search_email,
        filter.active,
        rows,
        after.and_then(ListPosition::name)
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

/// The number of active admins except the person `id`.
pub async fn count_other_active_admins(connection: &mut PgConnection, id: PersonId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from identity.people
           where role = 'admin'
             and active
             and id <> $1"#,
        id.uuid()
    )
    .fetch_one(connection)
    .await
}

/// Stores the person's new values and version.
pub async fn update_person(connection: &mut PgConnection, person: &Person) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.people
         set name = $2, role = $3, active = $4, language = $5, time_zone = $6, version = $7
         where id = $1",
        person.id.uuid(),
        person.name,
        person.role.as_str(),
        person.active,
        person.language,
        person.time_zone,
        person.version
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Raises the versions of these people, at least to `version`. Returns the people.
pub async fn update_versions(
    connection: &mut PgConnection,
    ids: &[Uuid],
    version: i64,
) -> Result<Vec<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "update identity.people
         set version = greatest(version + 1, $2)
         where id = any($1)
         returning id, email, name, role, active, language, time_zone, version, created_at",
        ids,
        version
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

/// Stores the person's new e-mail address; `Error::EmailTaken` if another person has it.
pub async fn update_email(
    connection: &mut PgConnection,
    id: PersonId,
    email: &str,
    email_key: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "update identity.people
         set email = $2, email_key = $3
         where id = $1",
        id.uuid(),
        email,
        email_key
    )
    .execute(connection)
    .await
    .map_err(email_error)?;
    Ok(())
}

/// The people whose key has characters outside of ASCII, locked until the transaction ends.
pub async fn list_people_outside_ascii(connection: &mut PgConnection) -> Result<Vec<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, time_zone, version, created_at
         from identity.people
         where octet_length(email_key) <> char_length(email_key)
         order by id
         for no key update"
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

/// Whether a person has the address with this key.
pub async fn exists_email_key(connection: &mut PgConnection, email_key: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from identity.people where email_key = $1) as "exists!""#, email_key)
        .fetch_one(connection)
        .await
}

/// `Error::EmailTaken` if the address is the reason why a person was not stored.
fn email_error(error: sqlx::Error) -> Error {
    match DbError::from(error) {
        error if error.violated_constraint() == Some("people_email_unique") => Error::EmailTaken,
        error => error.into(),
    }
}

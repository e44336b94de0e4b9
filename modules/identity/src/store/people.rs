//! People.

use chrono::{DateTime, Utc};
use contracts::{PersonId, Role};
use kernel::db::violated_constraint;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{Person, ValidPerson};
use crate::error::Error;
use crate::revocations::ChangedAccess;

struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    active: bool,
    language: Option<String>,
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
            version: row.version,
            created_at: row.created_at,
        })
    }
}

fn parse_role(text: &str) -> Result<Role, sqlx::Error> {
    text.parse().map_err(|error: contracts::InvalidRole| sqlx::Error::Decode(error.into()))
}

/// What a login, or a refresh, needs to know of a person.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub person_id: PersonId,
    pub password_hash: Option<String>,
    pub role: Role,
    pub active: bool,
    pub access_version: i64,
}

struct CredentialsRow {
    id: Uuid,
    password_hash: Option<String>,
    role: String,
    active: bool,
    access_version: i64,
}

impl TryFrom<CredentialsRow> for Credentials {
    type Error = sqlx::Error;

    fn try_from(row: CredentialsRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            person_id: PersonId::from(row.id),
            password_hash: row.password_hash,
            role: parse_role(&row.role)?,
            active: row.active,
            access_version: row.access_version,
        })
    }
}

/// Which people a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeopleFilter {
    pub after: Option<PersonId>,
    pub role: Option<Role>,
    /// Part of the name, whatever the case.
    pub text: Option<String>,
    /// Whether the text may be part of the e-mail address as well.
    pub search_email: bool,
    pub rows: i64,
}

pub(crate) async fn exists_any(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from identity.people) as "exists!""#).fetch_one(connection).await
}

pub(crate) async fn insert_person(
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
    .map_err(|error| match violated_constraint(&error) {
        Some("people_email_unique") => Error::EmailTaken,
        _ => error.into(),
    })?;
    Ok(())
}

/// Adds those whose e-mail address is new, active and without a password; returns them in the order given.
pub(crate) async fn insert_new_people(
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
    // In the order given, so that of two rows with the same address the first one counts.
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

pub(crate) async fn find_person(connection: &mut PgConnection, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, version, created_at
         from identity.people
         where id = $1",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// The same, and nobody else changes it until this transaction ends.
pub(crate) async fn lock_person(connection: &mut PgConnection, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, version, created_at
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

/// People in the order in which they were added.
pub(crate) async fn list_people(
    connection: &mut PgConnection,
    filter: &PeopleFilter,
) -> Result<Vec<Person>, sqlx::Error> {
    sqlx::query_as!(
        PersonRow,
        "select id, email, name, role, active, language, version, created_at
         from identity.people
         where ($1::uuid is null or id > $1)
           and ($2::text is null or role = $2)
           and ($3::text is null
               or strpos(lower(name), lower($3)) > 0
               or ($4 and strpos(email_key, lower($3)) > 0))
         order by id
         limit $5",
        filter.after.map(PersonId::uuid),
        filter.role.map(Role::as_str),
        filter.text,
        filter.search_email,
        filter.rows
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Person::try_from)
    .collect()
}

pub(crate) async fn count_other_active_admins(connection: &mut PgConnection, id: PersonId) -> Result<i64, sqlx::Error> {
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

/// Writes the person as they are now.
pub(crate) async fn update_person(connection: &mut PgConnection, person: &Person) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.people
         set name = $2, role = $3, active = $4, language = $5, version = $6
         where id = $1",
        person.id.uuid(),
        person.name,
        person.role.as_str(),
        person.active,
        person.language,
        person.version
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn update_password(
    connection: &mut PgConnection,
    id: PersonId,
    password_hash: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.people
         set password_hash = $2
         where id = $1",
        id.uuid(),
        password_hash
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes every access token that the person has worthless.
pub(crate) async fn renew_access(
    connection: &mut PgConnection,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<ChangedAccess, sqlx::Error> {
    let access_version = sqlx::query_scalar!(
        "update identity.people
         set access_version = access_version + 1, access_changed_at = $2
         where id = $1
         returning access_version",
        id.uuid(),
        now
    )
    .fetch_one(connection)
    .await?;
    Ok(ChangedAccess { person_id: id, access_version, changed_at: now })
}

/// The people whose access changed after `after`.
pub(crate) async fn list_changed_access(
    connection: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Vec<ChangedAccess>, sqlx::Error> {
    sqlx::query_as!(
        ChangedAccess,
        r#"select id as person_id, access_version, access_changed_at as "changed_at!"
           from identity.people
           where access_changed_at > $1"#,
        after
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn find_credentials_by_email(
    connection: &mut PgConnection,
    email_key: &str,
) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        CredentialsRow,
        "select id, password_hash, role, active, access_version
         from identity.people
         where email_key = $1",
        email_key
    )
    .fetch_optional(connection)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

pub(crate) async fn find_credentials(
    connection: &mut PgConnection,
    id: PersonId,
) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        CredentialsRow,
        "select id, password_hash, role, active, access_version
         from identity.people
         where id = $1",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

/// The person's present credentials; they stay as they are until this transaction ends.
pub(crate) async fn hold_credentials(
    connection: &mut PgConnection,
    id: PersonId,
) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        CredentialsRow,
        "select id, password_hash, role, active, access_version
         from identity.people
         where id = $1
         for share",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

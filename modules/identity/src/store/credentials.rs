//! The table `people`: passwords and access versions.

use chrono::{DateTime, Utc};
use contracts::{InvalidRole, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{AccessChange, Credentials};

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
            role: row.role.parse().map_err(|error: InvalidRole| sqlx::Error::Decode(error.into()))?,
            active: row.active,
            access_version: row.access_version,
        })
    }
}

/// Raises the person's access version, which revokes the access tokens issued before.
pub async fn update_access_version(
    connection: &mut PgConnection,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<AccessChange, sqlx::Error> {
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
    Ok(AccessChange { person_id: id, access_version, changed_at: now })
}

/// The access changes after `after`.
pub async fn list_access_changes(
    connection: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Vec<AccessChange>, sqlx::Error> {
    sqlx::query_as!(
        AccessChange,
        r#"select id as person_id, access_version, access_changed_at as "changed_at!"
           from identity.people
           where access_changed_at > $1"#,
        after
    )
    .fetch_all(connection)
    .await
}

/// The credentials of the person with this e-mail address. `plain_key` finds a person whose address
/// is from before the present form of the keys, and comes first.
pub async fn load_credentials_by_email(
    connection: &mut PgConnection,
    email_key: &str,
    plain_key: &str,
) -> Result<Option<Credentials>, sqlx::Error> {
    sqlx::query_as!(
        CredentialsRow,
        "select id, password_hash, role, active, access_version
         from identity.people
         where email_key in ($1, $2)
         order by email_key = $2 desc
         limit 1",
        email_key,
        plain_key
    )
    .fetch_optional(connection)
    .await?
    .map(Credentials::try_from)
    .transpose()
}

/// The credentials of the person.
pub async fn load_credentials(connection: &mut PgConnection, id: PersonId) -> Result<Option<Credentials>, sqlx::Error> {
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

/// The credentials of the person, locked against changes until the transaction ends.
pub async fn lock_credentials(connection: &mut PgConnection, id: PersonId) -> Result<Option<Credentials>, sqlx::Error> {
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

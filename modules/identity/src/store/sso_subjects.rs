//! The table `sso_subjects`: which person an account at the provider belongs to.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::PgConnection;

/// The person who is bound to the provider's subject.
pub async fn load_person_of_subject(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<PersonId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select person_id
         from identity.sso_subjects
         where issuer = $1
           and subject = $2",
        issuer,
        subject
    )
    .fetch_optional(connection)
    .await?;
    Ok(id.map(PersonId::from))
}

/// Whether the person is bound to a subject of the provider.
pub async fn exists_subject_of(
    connection: &mut PgConnection,
    issuer: &str,
    person_id: PersonId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
               select from identity.sso_subjects
               where issuer = $1
                 and person_id = $2
           ) as "exists!""#,
        issuer,
        person_id.uuid()
    )
    .fetch_one(connection)
    .await
}

/// Binds a person to a subject of the provider.
pub async fn insert_subject(
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
    person_id: PersonId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.sso_subjects (issuer, subject, person_id, bound_at)
         values ($1, $2, $3, $4)",
        issuer,
        subject,
        person_id.uuid(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

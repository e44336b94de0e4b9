//! The password hashes in the table `people`.

use contracts::PersonId;
use sqlx::PgConnection;

/// Stores the person's new password hash.
pub async fn update_password_hash(
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

/// Replaces a password hash that has not changed since it was read.
pub async fn update_outdated_password_hash(
    connection: &mut PgConnection,
    id: PersonId,
    outdated: &str,
    password_hash: &str,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "update identity.people
         set password_hash = $3
         where id = $1
           and password_hash = $2",
        id.uuid(),
        outdated,
        password_hash
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() > 0)
}

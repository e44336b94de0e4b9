//! The table `signing_keys`: the keys that were created because the configuration has none.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// A private key as it is stored.
pub struct StoredKey {
    /// The private key (PKCS #8).
    pub private_key_pkcs8: Vec<u8>,
    /// When the key was created.
    pub created_at: DateTime<Utc>,
    /// From this moment on the key verifies nothing; `None` until it is replaced.
    pub verifies_until: Option<DateTime<Utc>>,
}

/// The keys that verify at `now`, newest first.
pub async fn list_signing_keys(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<StoredKey>, sqlx::Error> {
    sqlx::query_as!(
        StoredKey,
        "select private_key_pkcs8, created_at, verifies_until
         from identity.signing_keys
         where verifies_until is null
            or verifies_until > $1
         order by created_at desc, id",
        now
    )
    .fetch_all(connection)
    .await
}

/// Stores a new private key.
pub async fn insert_signing_key(
    connection: &mut PgConnection,
    id: &str,
    private_key_pkcs8: &[u8],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.signing_keys (id, private_key_pkcs8, created_at)
         values ($1, $2, $3)",
        id,
        private_key_pkcs8,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Limits the validity of the keys that have no end yet.
pub async fn update_verifies_until(
    connection: &mut PgConnection,
    verifies_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.signing_keys
         set verifies_until = $1
         where verifies_until is null",
        verifies_until
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the keys that verify nothing any more.
pub async fn delete_expired_signing_keys(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from identity.signing_keys where verifies_until <= $1", now).execute(connection).await?;
    Ok(())
}

//! The signing keys that were made here.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// The private keys, newest first.
pub(crate) async fn list_keys(connection: &mut PgConnection) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        "select private_key_pkcs8
         from identity.signing_keys
         order by created_at desc, id"
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn insert_key(
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

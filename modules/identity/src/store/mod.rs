//! All SQL of identity, by what it is about.

pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod people;
pub(crate) mod sessions;

use sqlx::PgConnection;

/// What two processes must not do at the same time. The keys are ours among the advisory locks of the database.
#[derive(Clone, Copy)]
#[repr(i64)]
pub(crate) enum Lock {
    /// Anything after which there may be the first admin, or no longer an active one.
    Admins = 0x6964_656e_7469_0001,
    /// Making the first signing key.
    Keys = 0x6964_656e_7469_0002,
    /// An import: two of them would wait for each other's people, in whatever order their files are.
    Imports = 0x6964_656e_7469_0003,
}

/// Waits for the lock and holds it until the transaction ends.
pub(crate) async fn take_lock(connection: &mut PgConnection, lock: Lock) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", lock as i64).execute(connection).await?;
    Ok(())
}

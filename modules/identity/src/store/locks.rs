//! Advisory locks: what two transactions must not do at the same time.

use sqlx::PgConnection;

/// The module's keys among the advisory locks of the database.
#[derive(Clone, Copy)]
#[repr(i64)]
pub enum AdvisoryLock {
    /// Creating the first admin, or taking away the role or the activity of an active one.
    Admins = 0x6964_656e_7469_0001,
    /// Creating the first signing key.
    Keys = 0x6964_656e_7469_0002,
    /// An import. Two imports could deadlock, because their rows may be in different orders.
    Imports = 0x6964_656e_7469_0003,
}

/// Waits for the lock and holds it until the transaction ends.
pub async fn lock_advisory(connection: &mut PgConnection, lock: AdvisoryLock) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", lock as i64).execute(connection).await?;
    Ok(())
}

//! Indexes that a migration makes concurrently, while others read and write the table.
//!
//! An attempt that is cut off leaves an index that PostgreSQL keeps up to date and does not use.
//! The next attempt would find its name and make nothing.

use sqlx::migrate::{AppliedMigration, Migration, Migrator};
use sqlx::{AssertSqlSafe, Executor, PgConnection};

/// Drops the unusable indexes of a module's concurrent migrations. It makes those again whose
/// migration is recorded as applied; the others are made by their migration.
///
/// # Errors
/// The database fails.
pub async fn repair(
    module: &'static str,
    migrator: &Migrator,
    applied: &[AppliedMigration],
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let is_unusable = "select exists (
        select
        from pg_index as unusable
        join pg_class as class on class.oid = unusable.indexrelid
        join pg_namespace as schema on schema.oid = class.relnamespace
        where not unusable.indisvalid and schema.nspname = $1 and class.relname = $2)";
    for migration in migrator.iter().filter(|migration| migration.no_tx) {
        let Some(index) = created_index(migration) else { continue };
        if !sqlx::query_scalar(is_unusable).bind(module).bind(index).fetch_one(&mut *connection).await? {
            continue;
        }
        tracing::warn!(module, index, "an index that an earlier attempt did not finish is made again");
        connection.execute(AssertSqlSafe(format!("drop index concurrently {module}.{index}"))).await?;
        if applied.iter().any(|one| one.version == migration.version) {
            connection.execute(migration.sql.clone()).await?;
        }
    }
    Ok(())
}

/// The name in `create index concurrently if not exists NAME`, the one form that a migration may
/// have.
fn created_index(migration: &Migration) -> Option<&str> {
    migration.sql.as_str().split_once(" concurrently if not exists ")?.1.split_whitespace().next()
}

//! Whether this program may run on a schema that a later version has migrated.
//!
//! A migration expands a schema first, and an older program works on it. The function
//! `<module>.oldest_program()` of the schema says which is the oldest version that does (decision
//! 64).

use sqlx::migrate::{AppliedMigration, MigrateError};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::Error;
use crate::modules::Schema;

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// SQLSTATE of a call of a function that does not exist.
const UNDEFINED_FUNCTION: &str = "42883";

/// Accepts a schema whose migrations this program knows, or that allows this version.
///
/// # Errors
/// `ProgramTooOld`, or a migration is not the one that the program knows.
pub async fn check(
    module: &'static str,
    schema: &Schema,
    applied: &[AppliedMigration],
    connection: &mut PgConnection,
) -> Result<(), Error> {
    let is_known = |one: &AppliedMigration| schema.migrator.iter().find(|known| known.version == one.version);
    for one in applied {
        if is_known(one).is_some_and(|known| known.checksum != one.checksum) {
            return Err(Error::Migration { name: module, error: MigrateError::VersionMismatch(one.version) });
        }
    }
    let Some(newest) = applied.iter().filter(|one| is_known(one).is_none()).map(|one| one.version).max() else {
        return Ok(());
    };
    let failed = |error| Error::Migration { name: module, error: MigrateError::Execute(error) };
    let oldest = load_oldest_program(module, connection).await.map_err(failed)?;
    match &oldest {
        Some(oldest) if parse(oldest) <= parse(VERSION) => {
            tracing::warn!(module, migration = newest, "the schema is newer than this program, and allows it");
            Ok(())
        }
        _ => Err(Error::ProgramTooOld { module, migration: newest, own: VERSION, oldest: oldest.unwrap_or_default() }),
    }
}

/// `None` if the schema is from before the function.
async fn load_oldest_program(module: &str, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let called = sqlx::query_scalar(AssertSqlSafe(format!("select {module}.oldest_program()")));
    match called.fetch_one(connection).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_FUNCTION) => Ok(None),
        called => called.map(Some),
    }
}

/// The numbers of a version such as 1.2.3, which compare as versions do. A suffix is left out.
fn parse(version: &str) -> [u64; 3] {
    let mut numbers = version.split(['.', '-', '+']).map(|number| number.parse().unwrap_or(u64::MAX));
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(parse("0.9.0") < parse("0.10.0") && parse("1.0.0") < parse("1.0.1"));
        assert!(parse("0.2.0-rc.1") <= parse("0.2.0"));
        assert!(parse("0.1.0") < parse("later"), "what cannot be read allows no older program");
    }
}

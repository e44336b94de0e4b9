//! Brings a database up to date: the tables of the job queue, the schemas of the hosted modules,
//! then the modules' roles.

use std::time::Duration;

use kernel::db::RoleDefect;
use sqlx::error::DatabaseError;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator};
use sqlx::{Executor, PgConnection, PgPool};

use super::check::check_with_retries;
use super::{compatibility, concurrent_indexes, migrator_lock};
use crate::Error;
use crate::databases::{Database, DatabaseAccess, Databases};
use crate::modules::{ModulePlan, Schema, roles_in};
use crate::runtime::jobs;

/// SQLSTATE of a query on a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";
/// SQLSTATE of a statement that did not get a lock in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// How long a migration waits for a lock. As long as it waits, everybody else who uses the table
/// waits behind it.
const LOCK_TIMEOUT: &str = "set lock_timeout = '2s'";
/// A concurrent migration waits for every transaction that began before it. Nobody waits behind it.
const NO_LOCK_TIMEOUT: &str = "set lock_timeout = 0";
/// Maximum number of attempts to get the locks of a migration.
const LOCK_ATTEMPTS_MAX: u32 = 100;
/// The pause after an attempt, in which others can use the table.
const LOCK_PAUSE: Duration = Duration::from_secs(3);

/// Applies the missing migrations of every module. Several processes may do this at once: each
/// waits for the lock of the one before.
///
/// # Errors
/// A database cannot be reached, or a migration that was applied is not the one we know.
pub async fn migrate(databases: &Databases) -> Result<(), Error> {
    for database in databases.used() {
        migrate_with_retries(&ModulePlan::host_all(), database).await?;
    }
    Ok(())
}

/// Checks and migrates a database. It waits some seconds for a database that is just starting.
///
/// # Errors
/// The database cannot be reached, is not the one that the settings mean, or has another version.
pub async fn migrate_with_retries(plan: &ModulePlan, database: &Database) -> Result<(), Error> {
    // First, because the error of this pool has the server's own words if the server is away for
    // good.
    let pool = database.maintenance().await?;
    let migrated = match check_with_retries(database).await {
        Ok(()) => apply(plan, database, &pool).await,
        refused => refused,
    };
    pool.close().await;
    migrated
}

/// Migrates a database that has just been reached.
///
/// # Errors
/// The database fails, has another version, or lacks a schema that another process makes.
pub async fn migrate_reachable(plan: &ModulePlan, database: &Database) -> Result<(), Error> {
    let pool = database.maintenance().await?;
    let migrated = apply(plan, database, &pool).await;
    pool.close().await;
    migrated
}

/// Migrates the schemas of the hosted modules, and makes sure that the schemas which other
/// processes migrate are complete.
async fn apply(plan: &ModulePlan, database: &Database, pool: &PgPool) -> Result<(), Error> {
    let name = database.name.as_str();
    // The pool has one connection, which is taken below.
    if database.access == DatabaseAccess::ReadWrite {
        jobs::migrate(pool).await.map_err(|error| Error::Migration { name: "the job queue", error })?;
    }
    let failed = Error::database::<sqlx::Error>(name);
    let mut connection = pool.acquire().await.map_err(&failed)?;
    // Held from the first migration to the roles. So no other process changes the tables while
    // rights on them are granted, and a process that waits for the schemas finds them with rights.
    // After an error the lock ends with the connection, because the caller closes the pool.
    migrator_lock::take(&mut connection).await.map_err(&failed)?;
    for (entry, schema) in plan.owned_in(database.name) {
        let applied = applied(entry.name, schema, &mut connection).await?;
        compatibility::check(entry.name, schema, &applied, &mut connection).await?;
        let ran = run_missing(entry.name, schema, &applied, &mut connection).await;
        ran.map_err(|error| Error::Migration { name: entry.name, error })?;
    }
    connection.execute("reset lock_timeout").await.map_err(&failed)?;
    if database.access == DatabaseAccess::ReadWrite {
        provide_roles(database, &mut connection).await.map_err(&failed)?;
    }
    for (entry, schema) in plan.read_in(database.name) {
        let applied = applied(entry.name, schema, &mut connection).await?;
        // A schema that is newer than this program can be read: a migration expands before it
        // contracts.
        if schema.migrator.iter().any(|known| applied.iter().all(|one| one.version != known.version)) {
            return Err(Error::ModuleNotPrepared { module: entry.name });
        }
    }
    migrator_lock::release(&mut connection).await.map_err(failed)
}

/// Runs the missing migrations of a module in the order of their numbers.
async fn run_missing(
    module: &'static str,
    schema: &Schema,
    applied: &[AppliedMigration],
    connection: &mut PgConnection,
) -> Result<(), MigrateError> {
    let migrator = schema.migrator_of(module, schema.migrator.iter().cloned().collect());
    connection.execute(NO_LOCK_TIMEOUT).await?;
    concurrent_indexes::repair(module, &migrator, applied, connection).await?;
    let is_missing = |known: &&Migration| applied.iter().all(|one| one.version != known.version);
    for concurrent in migrator.iter().filter(|known| known.no_tx).filter(is_missing) {
        run_with_lock_retries(module, &migrator, Some(concurrent.version - 1), connection).await?;
        tracing::info!(module, version = concurrent.version, "a migration waits for earlier transactions to end");
        connection.execute(NO_LOCK_TIMEOUT).await?;
        migrator.run_direct(Some(concurrent.version), &mut *connection, false).await?;
    }
    run_with_lock_retries(module, &migrator, None, connection).await
}

/// Runs migrations up to the version `last`, each in a transaction. One that does not get its locks
/// in time, for example because a dump is running, lets the others pass and is tried again.
async fn run_with_lock_retries(
    module: &'static str,
    migrator: &Migrator,
    last: Option<i64>,
    connection: &mut PgConnection,
) -> Result<(), MigrateError> {
    connection.execute(LOCK_TIMEOUT).await?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        match migrator.run_direct(last, &mut *connection, false).await {
            Err(error) if is_lock_timeout(&error) && attempts < LOCK_ATTEMPTS_MAX => {
                tracing::warn!(module, attempts, "a migration waits for a lock that another session holds");
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            ran => return ran,
        }
    }
}

fn is_lock_timeout(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some(LOCK_NOT_AVAILABLE)
}

/// The migrations of a module that the database has.
async fn applied(
    module: &'static str,
    schema: &Schema,
    connection: &mut PgConnection,
) -> Result<Vec<AppliedMigration>, Error> {
    match connection.list_applied_migrations(&schema.migrator.table_name).await {
        // The first migration makes the table.
        Err(MigrateError::Execute(sqlx::Error::Database(error)))
            if error.code().as_deref() == Some(UNDEFINED_TABLE) =>
        {
            Ok(Vec::new())
        }
        applied => applied.map_err(|error| Error::Migration { name: module, error }),
    }
}

/// Makes a role for each module and gives it its rights. Where the login may not do this, the
/// modules work with all rights of the login.
async fn provide_roles(database: &Database, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let name = database.name.as_str();
    let mut without_role = Vec::new();
    for role in roles_in(database.name) {
        let standing = role.provision(connection).await?;
        match standing.defect {
            // The process that hosts the module will make its schema and its role.
            None | Some(RoleDefect::NotMigrated) => {}
            Some(RoleDefect::WrongRights) => tracing::error!(
                database = name,
                role = standing.name,
                remedy = standing.remedy.join("; "),
                "a module's role lacks rights or has too many, and this login may not change them"
            ),
            Some(_) => without_role.push(role.module),
        }
    }
    if !without_role.is_empty() {
        tracing::info!(
            database = name,
            modules = without_role.join(", "),
            "without a role of their own, these modules work with all rights of the login; `piecework doctor` says \
             what to do"
        );
    }
    Ok(())
}

/// The number of a module's migrations that the database lacks.
///
/// # Errors
/// The database does not answer, or its schema does not allow this version.
pub async fn missing(module: &'static str, schema: &Schema, database: &Database) -> Result<usize, Error> {
    let pool = database.maintenance().await?;
    let acquired = pool.acquire().await;
    let mut connection = acquired.map_err(Error::database(database.name.as_str()))?;
    let applied = applied(module, schema, &mut connection).await?;
    compatibility::check(module, schema, &applied, &mut connection).await?;
    drop(connection);
    pool.close().await;
    let is_missing = |known: &&Migration| applied.iter().all(|one| one.version != known.version);
    Ok(schema.migrator.iter().filter(is_missing).count())
}

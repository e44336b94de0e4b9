//! Brings the databases up to date: the hosted modules' schemas, the modules' roles, then apalis' tables.

use kernel::db::Obstacle;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError};
use sqlx::{PgConnection, PgPool};

use crate::databases::{Database, Databases};
use crate::hosting::{Hosting, Use};
use crate::modules::{Home, roles_in};
use crate::{Error, jobs, opening};

/// Applies what is missing. Any number of processes may do so at once: each waits for the lock of the one before.
///
/// # Errors
/// A database cannot be reached, or a migration that was applied is not the one we know.
pub async fn migrate(databases: &Databases) -> Result<(), Error> {
    for database in databases.used() {
        migrate_patiently(&Hosting::all(), database).await?;
    }
    Ok(())
}

/// Waits some seconds for a database that is just starting.
pub async fn migrate_patiently(hosting: &Hosting, database: &Database) -> Result<(), Error> {
    // A database that is away for good is told of in its own words.
    let pool = database.maintenance().await?;
    let checked = opening::check_patiently(database).await;
    let migrated = match checked {
        Ok(()) => apply(hosting, database, &pool).await,
        refused => refused,
    };
    pool.close().await;
    migrated
}

/// For a database that is known to be there: brings the schemas of the hosted modules up to date, and sees that those which
/// others bring are there.
pub async fn migrate_database(hosting: &Hosting, database: &Database) -> Result<(), Error> {
    let pool = database.maintenance().await?;
    let migrated = apply(hosting, database, &pool).await;
    pool.close().await;
    migrated
}

async fn apply(hosting: &Hosting, database: &Database, pool: &PgPool) -> Result<(), Error> {
    let unreachable = |error| Error::Database { database: database.name, error };
    if database.used == Use::Works {
        let mut connection = pool.acquire().await.map_err(unreachable)?;
        let failed = |error| Error::Migration { name: database.name, error };
        // The lock that each run takes for itself, kept from the first to the roles: nobody changes what rights are given on. After
        // an error it goes with the connection, since the pool is closed.
        connection.lock().await.map_err(failed)?;
        for (entry, home) in hosting.owned_in(database.name) {
            let ran = home.migrations.run_direct(None, &mut *connection, false).await;
            ran.map_err(|error| Error::Migration { name: entry.name, error })?;
        }
        provide_roles(database, &mut connection).await.map_err(unreachable)?;
        connection.unlock().await.map_err(failed)?;
        // The pool has no other.
        drop(connection);
        jobs::migrate(pool).await.map_err(|error| Error::Migration { name: "the job queue", error })?;
    }
    for (entry, home) in hosting.read_in(database.name) {
        let mut connection = pool.acquire().await.map_err(unreachable)?;
        let applied = applied(home, &mut connection).await?;
        // One that is newer than we are goes on serving what we know: migrations expand first.
        if home.migrations.iter().any(|known| applied.iter().all(|one| one.version != known.version)) {
            return Err(Error::Awaits { module: entry.name });
        }
    }
    Ok(())
}

async fn applied(home: &Home, connection: &mut PgConnection) -> Result<Vec<AppliedMigration>, Error> {
    match connection.list_applied_migrations(&home.migrations.table_name).await {
        // The table is made with the first one.
        Err(MigrateError::Execute(sqlx::Error::Database(error))) if error.code().as_deref() == Some("42P01") => {
            Ok(Vec::new())
        }
        applied => applied.map_err(|error| Error::Migration { name: "its module", error }),
    }
}

/// A role for each module; where that may not be, the modules work with all rights of the login.
async fn provide_roles(database: &Database, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut without = Vec::new();
    for role in roles_in(database.name) {
        let standing = role.provide(connection).await?;
        match standing.obstacle {
            // The process that hosts the module will give it its role.
            None | Some(Obstacle::NotMigrated) => {}
            Some(Obstacle::Unequal) => tracing::error!(
                database = database.name,
                role = standing.name,
                remedy = standing.remedy.join("; "),
                "a module's role has not the rights it should have, and this login may not give them"
            ),
            Some(_) => without.push(role.module),
        }
    }
    if !without.is_empty() {
        tracing::info!(
            database = database.name,
            modules = without.join(", "),
            "without a role of their own, these modules work with all rights of the login; `piecework doctor` says what to do"
        );
    }
    Ok(())
}

/// How many migrations of a module are not applied.
///
/// # Errors
/// The database does not answer, or holds one that we do not know.
pub async fn missing(home: &Home, database: &Database) -> Result<usize, Error> {
    let failed = |error| Error::Migration { name: "its module", error };
    let pool = database.maintenance().await?;
    let mut connection = pool.acquire().await.map_err(|error| Error::Database { database: database.name, error })?;
    let applied = applied(home, &mut connection).await?;
    drop(connection);
    pool.close().await;
    for one in &applied {
        match home.migrations.iter().find(|known| known.version == one.version) {
            None => return Err(failed(MigrateError::VersionMissing(one.version))),
            Some(known) if known.checksum != one.checksum => {
                return Err(failed(MigrateError::VersionMismatch(one.version)));
            }
            Some(_) => {}
        }
    }
    Ok(home.migrations.iter().count().saturating_sub(applied.len()))
}

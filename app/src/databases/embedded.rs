//! The embedded PostgreSQL, which the program starts where the settings name no database.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool};

use super::database::CONNECT_TIMEOUT;
use crate::Error;
use crate::config::{Config, DatabaseName};
use crate::data_directory::{self, EMBEDDED_FOLDER};

/// The hidden subcommand that owns the embedded server.
pub const SUPERVISE_COMMAND: &str = "supervise-postgres";
/// The database that every server has, from which others are created and dropped.
const MAINTENANCE_DATABASE: &str = "postgres";
/// SQLSTATE of `drop database` while a session uses it.
const OBJECT_IN_USE: &str = "55006";
/// SQLSTATE of `create database` for a name that is taken.
const DUPLICATE_DATABASE: &str = "42P04";
/// SQLSTATE of the same when two sessions create the database at the same moment.
const UNIQUE_VIOLATION: &str = "23505";

/// Starts the embedded server, or joins the one that runs, and creates the databases that it lacks.
///
/// # Errors
/// There is no PostgreSQL to start, or it does not come up.
pub async fn start(config: &Config) -> Result<EmbeddedPostgres, Error> {
    let server = start_server(config).await?;
    let pool = maintenance_pool(&server).await?;
    for name in DatabaseName::ALL {
        create_if_missing(&pool, name.as_str()).await?;
    }
    pool.close().await;
    Ok(server)
}

/// Drops the databases of the embedded server.
///
/// # Errors
/// A process uses them, or the server does not come up.
pub async fn drop_databases(config: &Config) -> Result<(), Error> {
    let server = start_server(config).await?;
    let pool = maintenance_pool(&server).await?;
    for name in DatabaseName::ALL {
        match sqlx::query(AssertSqlSafe(format!("drop database if exists {name}"))).execute(&pool).await {
            Err(error) if has_code(&error, &[OBJECT_IN_USE]) => {
                let directory = config.data_dir.display();
                return Err(Error::Failed(format!("another piecework uses {directory}: stop it first")));
            }
            dropped => dropped.map_err(Error::database(name.as_str()))?,
        };
    }
    pool.close().await;
    Ok(())
}

/// The folder of the embedded server.
#[must_use]
pub fn embedded_folder(data_dir: &Path) -> PathBuf {
    data_dir.join(EMBEDDED_FOLDER)
}

async fn start_server(config: &Config) -> Result<EmbeddedPostgres, Error> {
    data_directory::create(&config.data_dir)
        .map_err(Error::io(format!("make the data directory {}", config.data_dir.display())))?;
    let program = std::env::current_exe().map_err(Error::io("find this program"))?;
    let options = Options {
        directory: embedded_folder(&config.data_dir),
        bin_dir: config.postgres.bin_dir.as_ref().map(Into::into),
        durability: Durability::Durable,
        settings: Vec::new(),
        standby_of: None,
        supervisor: vec![program.into(), OsString::from(SUPERVISE_COMMAND)],
    };
    tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options))
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(Error::from)
}

async fn maintenance_pool(server: &EmbeddedPostgres) -> Result<PgPool, Error> {
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
    let failed = Error::database::<sqlx::Error>(MAINTENANCE_DATABASE);
    // On a slow disk `create database` takes longer than the statements that a warning is for.
    let server = server.url(MAINTENANCE_DATABASE).parse::<PgConnectOptions>().map_err(&failed)?;
    options.connect_with(server.disable_statement_logging()).await.map_err(failed)
}

/// Several processes may create the database at once: one of them does, and the others find it.
async fn create_if_missing(pool: &PgPool, name: &'static str) -> Result<(), Error> {
    let failed = Error::database::<sqlx::Error>(name);
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(pool)
        .await
        .map_err(&failed)?;
    if exists {
        return Ok(());
    }
    match sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(pool).await {
        Err(error) if !has_code(&error, &[DUPLICATE_DATABASE, UNIQUE_VIOLATION]) => Err(failed(error)),
        _ => Ok(()),
    }
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| codes.contains(&code.as_ref()))
}

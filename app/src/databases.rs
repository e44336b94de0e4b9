//! The two databases: where they are, the embedded server where none is set, and the pools cut from them.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use embedded_postgres::{Durability, EmbeddedPostgres};
use kernel::{Ambient, ReadPool, WritePool};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool};

use crate::Error;
use crate::config::{self, Config};

/// The folder of the embedded server below the data directory.
const EMBEDDED_FOLDER: &str = "postgres";
/// The hidden subcommand that owns the embedded server.
pub const SUPERVISE_COMMAND: &str = "supervise-postgres";
/// apalis' workers, each of which asks for a connection now and then.
const JOB_CONNECTIONS: u32 = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A port of this machine at which nobody listens.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nowhere";
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);

/// Both databases of an installation.
pub struct Databases {
    pub tracker: Database,
    pub accounting: Database,
    /// Holds the embedded server up, if it is that one.
    _embedded: Option<EmbeddedPostgres>,
}

/// One database: a primary and perhaps a replica.
pub struct Database {
    pub name: &'static str,
    write: PgConnectOptions,
    read: PgConnectOptions,
    write_connections: u32,
    read_connections: u32,
    jobs: PgPool,
    health_write: PgPool,
    health_read: PgPool,
}

/// What a database can do right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    pub reads: bool,
    pub writes: bool,
}

impl Databases {
    /// Finds both databases; with none set, starts or joins the embedded server and creates them there.
    ///
    /// # Errors
    /// There is no PostgreSQL to start, or it does not come up.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let settings = &config.databases;
        if let (Some(tracker), Some(accounting)) = (&settings.tracker.write_url, &settings.accounting.write_url) {
            return Ok(Self {
                tracker: Database::new("tracker", &settings.tracker, tracker)?,
                accounting: Database::new("accounting", &settings.accounting, accounting)?,
                _embedded: None,
            });
        }
        let server = start_embedded(config).await?;
        for name in ["tracker", "accounting"] {
            create_if_missing(&server.url("postgres"), name).await?;
        }
        Ok(Self {
            tracker: Database::new("tracker", &settings.tracker, &server.url("tracker"))?,
            accounting: Database::new("accounting", &settings.accounting, &server.url("accounting"))?,
            _embedded: Some(server),
        })
    }

    /// Drops both databases of the embedded server, unless somebody is at work on them.
    ///
    /// # Errors
    /// They are in use, or the server does not come up.
    pub async fn empty_embedded(config: &Config) -> Result<(), Error> {
        let server = start_embedded(config).await?;
        let failed = |error| Error::Database { database: "postgres", error };
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
        let pool = options.connect(&server.url("postgres")).await.map_err(failed)?;
        for name in ["tracker", "accounting"] {
            let dropped = sqlx::query(AssertSqlSafe(format!("drop database if exists {name}"))).execute(&pool).await;
            match dropped {
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55006") => {
                    let directory = config.data_dir.display();
                    return Err(Error::Failed(format!("another piecework is at work in {directory}: stop it first")));
                }
                dropped => dropped.map_err(failed)?,
            };
        }
        pool.close().await;
        Ok(())
    }

    /// Databases that nobody will ask anything: for what only wants to know how things are built.
    ///
    /// # Errors
    /// None that can happen.
    pub fn nowhere() -> Result<Self, Error> {
        let settings =
            config::Database { write_url: None, read_urls: Vec::new(), write_connections: 1, read_connections: 1 };
        Ok(Self {
            tracker: Database::new("tracker", &settings, NOWHERE)?,
            accounting: Database::new("accounting", &settings, NOWHERE)?,
            _embedded: None,
        })
    }

    /// Closes what is not a module's.
    pub async fn close(&self) {
        tokio::join!(self.tracker.close(), self.accounting.close());
    }

    #[must_use]
    pub const fn both(&self) -> [&Database; 2] {
        [&self.tracker, &self.accounting]
    }
}

impl Database {
    fn new(name: &'static str, settings: &config::Database, write_url: &str) -> Result<Self, Error> {
        let write = options(name, write_url)?;
        let read = match settings.read_urls.first() {
            Some(url) => options(name, url)?,
            None => write.clone(),
        };
        let health = PgPoolOptions::new().max_connections(1).acquire_timeout(HEALTH_TIMEOUT);
        Ok(Self {
            name,
            write_connections: settings.write_connections,
            read_connections: settings.read_connections,
            jobs: PgPoolOptions::new()
                .max_connections(JOB_CONNECTIONS)
                .acquire_timeout(CONNECT_TIMEOUT)
                // apalis drops queries half way when it stops, and sqlx may then hand back a connection inside a transaction.
                .after_release(|connection, _| {
                    Box::pin(async move {
                        sqlx::query("rollback").execute(connection).await?;
                        Ok(true)
                    })
                })
                // Without this the server would warn each time that there was nothing to roll back.
                .connect_lazy_with(write.clone().options([("client_min_messages", "error")])),
            health_write: health.clone().connect_lazy_with(write.clone()),
            health_read: health.connect_lazy_with(read.clone()),
            write,
            read,
        })
    }

    /// A module's pool to write to its own schema.
    #[must_use]
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::new(self.write.clone(), self.write_connections, schema, ambient.clone())
    }

    /// A module's pool to read.
    #[must_use]
    pub fn read_pool(&self) -> ReadPool {
        ReadPool::new(self.read.clone(), self.read_connections)
    }

    /// For the job runner.
    #[must_use]
    pub const fn jobs(&self) -> &PgPool {
        &self.jobs
    }

    /// A short-lived pool for migrations, whose statements may wait for as long as they need.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn maintenance(&self) -> Result<PgPool, Error> {
        let failed = |error| Error::Database { database: self.name, error };
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
        match options.connect_with(self.write.clone()).await {
            // The pool has tried again and again and does not say what was wrong: one more try does.
            Err(sqlx::Error::PoolTimedOut) => {
                let once = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&self.write)).await;
                Err(failed(once.ok().and_then(Result::err).unwrap_or(sqlx::Error::PoolTimedOut)))
            }
            connected => connected.map_err(failed),
        }
    }

    /// Asks both endpoints; an answer that takes longer than a second is none.
    pub async fn health(&self) -> Health {
        let reads = answers(&self.health_read, "select true");
        // A primary that became a replica still answers, but takes no writes.
        let writes = answers(&self.health_write, "select not pg_is_in_recovery()");
        let (reads, writes) = tokio::join!(reads, writes);
        Health { reads, writes }
    }

    async fn close(&self) {
        tokio::join!(self.jobs.close(), self.health_write.close(), self.health_read.close());
    }
}

async fn answers(pool: &PgPool, question: &'static str) -> bool {
    let answer = sqlx::query_scalar::<_, bool>(question).fetch_one(pool);
    matches!(tokio::time::timeout(HEALTH_TIMEOUT, answer).await, Ok(Ok(true)))
}

fn options(database: &'static str, url: &str) -> Result<PgConnectOptions, Error> {
    url.parse().map_err(|error| Error::Database { database, error })
}

async fn start_embedded(config: &Config) -> Result<EmbeddedPostgres, Error> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(Error::io(format!("make the data directory {}", config.data_dir.display())))?;
    let program = std::env::current_exe().map_err(Error::io("find this program"))?;
    let options = embedded_postgres::Options {
        directory: embedded_folder(&config.data_dir),
        bin_dir: config.postgres.bin_dir.as_ref().map(Into::into),
        durability: Durability::Durable,
        settings: Vec::new(),
        supervisor: vec![program.into(), OsString::from(SUPERVISE_COMMAND)],
    };
    tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options))
        .await
        .map_err(|error| Error::Failed(error.to_string()))?
        .map_err(Error::from)
}

/// Where the embedded server lives.
#[must_use]
pub fn embedded_folder(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join(EMBEDDED_FOLDER)
}

/// Several processes may do so at once: who comes second finds it there.
async fn create_if_missing(server_url: &str, name: &'static str) -> Result<(), Error> {
    let failed = |error| Error::Database { database: name, error };
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
    let pool = options.connect(server_url).await.map_err(failed)?;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&pool)
        .await
        .map_err(failed)?;
    if !exists {
        let created = sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&pool).await;
        if let Err(error) = created
            && !is_there_already(&error)
        {
            return Err(failed(error));
        }
    }
    pool.close().await;
    Ok(())
}

/// Duplicate database, or the same found out by the catalogue's index in the middle of a race.
fn is_there_already(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("42P04" | "23505")))
}

//! The two databases: where they are, the embedded server where none is set, and the pools cut from them.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use embedded_postgres::{Durability, EmbeddedPostgres};
use kernel::db::{Cluster, Condition, Conditions, Endpoints, REQUEST_PATIENCE};
use kernel::{Ambient, ReadPool, WritePool};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool};

use crate::Error;
use crate::config::{self, Config};
use crate::hosting::{Hosting, Use};

/// The folder of the embedded server below the data directory.
const EMBEDDED_FOLDER: &str = "postgres";
/// The hidden subcommand that owns the embedded server.
pub const SUPERVISE_COMMAND: &str = "supervise-postgres";
/// apalis' workers, each of which asks for a connection now and then.
const JOB_CONNECTIONS: u32 = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Nobody waits for the answer of a command as for that of a request.
pub const COMMAND_PATIENCE: Duration = CONNECT_TIMEOUT;
/// A port of this machine at which nobody listens.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nowhere";
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);
/// Whoever asks for the health more often gets the same answer.
const HEALTH_FRESH: Duration = Duration::from_millis(100);

/// Both databases of an installation.
pub struct Databases {
    pub tracker: Database,
    pub accounting: Database,
    /// Holds the embedded server up, if it is that one.
    _embedded: Option<EmbeddedPostgres>,
}

/// One database: a primary and perhaps replicas.
pub struct Database {
    pub name: &'static str,
    pub used: Use,
    write: PgConnectOptions,
    cluster: Arc<Cluster>,
    write_connections: u32,
    read_connections: u32,
    jobs: PgPool,
}

/// What a database can do right now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    pub reads: bool,
    pub writes: bool,
    /// What the endpoint to write was found to be.
    pub primary: String,
    /// The same of each endpoint to read, in the order of the settings.
    pub replicas: Vec<String>,
}

impl Databases {
    /// Finds the databases that these modules need; with none set, starts or joins the embedded server and creates them there.
    /// `patience` is how long their pools wait for a connection.
    ///
    /// # Errors
    /// One is needed and not set, there is no PostgreSQL to start, or it does not come up.
    pub async fn open(
        config: &Config,
        hosting: &Hosting,
        ambient: &Ambient,
        patience: Duration,
    ) -> Result<Self, Error> {
        let config::Databases { tracker, accounting } = &config.databases;
        let embedded = if tracker.write_url.is_none() && accounting.write_url.is_none() {
            let server = start_embedded(config).await?;
            for name in ["tracker", "accounting"] {
                create_if_missing(&server.url("postgres"), name).await?;
            }
            Some(server)
        } else {
            None
        };
        let open = |name: &'static str, settings: &config::Database| {
            let used = hosting.uses(name);
            let url = match (&embedded, &settings.write_url) {
                _ if used == Use::Nothing => NOWHERE.to_owned(),
                (Some(server), _) => server.url(name),
                (None, Some(url)) => url.clone(),
                (None, None) => {
                    return Err(Error::Configuration(format!(
                        "settings: `databases.{name}.write_url` is not set, and this needs both databases: run it where both are set"
                    )));
                }
            };
            Database::new(name, used, settings, &url, ambient, patience)
        };
        let (tracker, accounting) = (open("tracker", tracker)?, open("accounting", accounting)?);
        Ok(Self { tracker, accounting, _embedded: embedded })
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
        let settings = config::Database {
            write_url: None,
            read_urls: Vec::new(),
            write_connections: 1,
            read_connections: 1,
            max_lag_ms: 1,
        };
        let ambient = Ambient::system();
        Ok(Self {
            tracker: Database::new("tracker", Use::Works, &settings, NOWHERE, &ambient, REQUEST_PATIENCE)?,
            accounting: Database::new("accounting", Use::Works, &settings, NOWHERE, &ambient, REQUEST_PATIENCE)?,
            _embedded: None,
        })
    }

    /// Whether it is our own server: it is up by now.
    #[must_use]
    pub const fn are_embedded(&self) -> bool {
        self._embedded.is_some()
    }

    /// Closes what is not a module's.
    pub async fn close(&self) {
        tokio::join!(self.tracker.close(), self.accounting.close());
    }

    #[must_use]
    pub const fn both(&self) -> [&Database; 2] {
        [&self.tracker, &self.accounting]
    }

    /// Those that this process connects to.
    pub fn used(&self) -> impl Iterator<Item = &Database> {
        self.both().into_iter().filter(|database| database.used != Use::Nothing)
    }

    /// Those in which modules of this process live.
    pub fn worked_in(&self) -> impl Iterator<Item = &Database> {
        self.both().into_iter().filter(|database| database.used == Use::Works)
    }
}

impl Database {
    fn new(
        name: &'static str,
        used: Use,
        settings: &config::Database,
        write_url: &str,
        ambient: &Ambient,
        patience: Duration,
    ) -> Result<Self, Error> {
        let write = options(name, write_url)?;
        let read_urls = if used == Use::Nothing { &[][..] } else { &settings.read_urls };
        let endpoints = Endpoints {
            primary: write.clone(),
            replicas: read_urls.iter().map(|url| options(name, url)).collect::<Result<_, _>>()?,
            max_lag: Duration::from_millis(settings.max_lag_ms),
            patience,
        };
        Ok(Self {
            name,
            used,
            cluster: Cluster::new(name, endpoints, ambient.clone()),
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
            write,
        })
    }

    /// A module's pool to write to its own schema.
    #[must_use]
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::in_cluster(&self.cluster, self.write_connections, schema, ambient.clone())
    }

    /// A module's pool to read.
    #[must_use]
    pub fn read_pool(&self) -> ReadPool {
        ReadPool::in_cluster(&self.cluster, self.read_connections)
    }

    /// What is known of its endpoints.
    #[must_use]
    pub const fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
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
            Err(sqlx::Error::PoolTimedOut) => Err(self.unreachable("no answer".to_owned()).await),
            connected => connected.map_err(failed),
        }
    }

    /// What is wrong with the primary, in its own words if one more try gives any.
    pub async fn unreachable(&self, found: String) -> Error {
        let once = tokio::time::timeout(HEALTH_TIMEOUT, PgConnection::connect_with(&self.write)).await;
        let error = match once {
            Ok(Err(error)) => error,
            _ => sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, found)),
        };
        Error::Database { database: self.name, error }
    }

    /// Asks all endpoints, unless somebody has just done so; an answer that takes longer than a second is none.
    pub async fn health(&self) -> Health {
        self.cluster.look_unless_looked(HEALTH_FRESH).await;
        let Conditions { primary, replicas } = self.cluster.conditions();
        let writes = primary == Condition::Fit;
        Health {
            // A replica as write endpoint takes no writes, but it answers.
            reads: writes || primary == Condition::IsReplica || replicas.contains(&Condition::Fit),
            writes,
            primary: primary.describe(),
            replicas: replicas.iter().map(Condition::describe).collect(),
        }
    }

    async fn close(&self) {
        tokio::join!(self.jobs.close(), self.cluster.close());
    }
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
        standby_of: None,
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

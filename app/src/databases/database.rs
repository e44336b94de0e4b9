//! One database: its endpoints, its pools and its health.

use std::sync::Arc;
use std::time::Duration;

use kernel::db::{
    EndpointHealth, EndpointSettings, Endpoints, EndpointsHealth, ModuleRole, PoolKind, PoolName, SessionDefect,
};
use kernel::{Ambient, DbError, ReadPool, WritePool};
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use super::access::DatabaseAccess;
use crate::Error;
use crate::config::{self, DatabaseName, parse_postgres_url};

/// Connections of the job queue: each worker of apalis asks for one now and then.
const JOB_CONNECTIONS: u32 = 5;
/// How long a pool that is not for requests waits for a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the pools of a command wait for a connection. It is longer than for a request, because
/// no client waits for the answer.
pub const COMMAND_ACQUIRE_TIMEOUT: Duration = CONNECT_TIMEOUT;
/// How long one attempt to connect may take when the cause of an error is looked for.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);
/// Health that was found this recently is not found again.
const HEALTH_FRESH: Duration = Duration::from_millis(100);

/// One database: a primary and perhaps replicas.
pub struct Database {
    /// Which database.
    pub name: DatabaseName,
    /// What this process does with the database.
    pub access: DatabaseAccess,
    endpoints: Arc<Endpoints>,
    write_connections: u32,
    read_connections: u32,
    jobs: PgPool,
}

/// What a database can do at the moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Whether the database answers reads.
    pub reads: bool,
    /// Whether the database takes writes.
    pub writes: bool,
    /// What the last probe of the primary found.
    pub primary: String,
    /// What the last probe of each replica found, in the order of the settings.
    pub replicas: Vec<String>,
}

impl Database {
    /// Opens no connection yet.
    pub(super) fn new(
        name: DatabaseName,
        access: DatabaseAccess,
        settings: &config::Database,
        write_url: &str,
        ambient: &Ambient,
        acquire_timeout: Duration,
    ) -> Result<Self, Error> {
        let servers = |key: &str, url: &str| {
            let invalid = |reason| config::Error::invalid(format!("databases.{name}.{key}"), reason);
            parse_postgres_url(url).map_err(invalid)
        };
        let mut successors = servers("write_url", write_url)?;
        let read_urls = if access == DatabaseAccess::None { &[][..] } else { &settings.read_urls };
        let replicas: Result<Vec<_>, _> = read_urls.iter().map(|url| servers("read_urls", url)).collect();
        let endpoints = EndpointSettings {
            primary: successors.remove(0),
            successors,
            replicas: replicas?.concat(),
            max_lag: Duration::from_millis(settings.max_lag_ms),
            acquire_timeout,
        };
        let endpoints = Endpoints::new(name.as_str(), endpoints, ambient.clone());
        Ok(Self {
            name,
            access,
            write_connections: settings.write_connections,
            read_connections: settings.read_connections,
            jobs: jobs_pool(&endpoints),
            endpoints,
        })
    }

    /// A pool in which a module writes its own schema, in its own role.
    #[must_use]
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::on_endpoints(&self.endpoints, self.write_connections, schema, ambient.clone())
    }

    /// A pool in which a module reads, in the given role.
    #[must_use]
    pub fn read_pool(&self, role: ModuleRole) -> ReadPool {
        ReadPool::on_endpoints(&self.endpoints, self.read_connections, role)
    }

    /// The endpoints of the database, and what is known of them.
    #[must_use]
    pub const fn endpoints(&self) -> &Arc<Endpoints> {
        &self.endpoints
    }

    /// The pool of the job queue.
    #[must_use]
    pub const fn jobs(&self) -> &PgPool {
        &self.jobs
    }

    /// A pool with one connection for migrations, on the server that takes writes. Its statements
    /// have no time limit. The caller closes it.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn maintenance(&self) -> Result<PgPool, Error> {
        if self.endpoints.has_successors() {
            // A probe finds out which of the servers takes writes.
            self.endpoints.probe_if_older_than(HEALTH_FRESH).await;
        }
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
        // A migration may take long: that is no reason for a warning.
        match options.connect_with(self.endpoints.primary().disable_statement_logging()).await {
            // The pool's error does not name the cause: one more attempt does.
            Err(sqlx::Error::PoolTimedOut) => Err(self.unreachable("no answer".to_owned()).await),
            Err(error) => Err(self.refused(error)),
            Ok(pool) => Ok(pool),
        }
    }

    /// The error for a primary that cannot be reached: what the primary answers to one more
    /// attempt, or else `found`. A pooler that refuses the settings of sessions is a wrong setting.
    pub async fn unreachable(&self, found: String) -> Error {
        let primary = self.endpoints.primary();
        let once = tokio::time::timeout(ATTEMPT_TIMEOUT, PgConnection::connect_with(&primary)).await;
        match once {
            Ok(Err(error)) => self.refused(error),
            _ => Error::Database { database: self.name.as_str(), error: DbError::unavailable(found) },
        }
    }

    /// The error for a connection that the primary did not accept.
    fn refused(&self, error: sqlx::Error) -> Error {
        match SessionDefect::of_refusal(&error) {
            Some(defect) => self.wrong_sessions(&defect),
            None => Error::Database { database: self.name.as_str(), error: error.into() },
        }
    }

    /// The error for a URL that does not lead to the sessions that modules rely on.
    pub fn wrong_sessions(&self, defect: &SessionDefect) -> Error {
        Error::Configuration(format!(
            "databases.{}.write_url {defect}; set it to PostgreSQL itself, or let the pooler work in session mode and \
             give the login the settings that it drops (alter role … set …)",
            self.name
        ))
    }

    /// Probes all endpoints, unless they have just been probed. An endpoint that takes longer than
    /// a second counts as not answering.
    pub async fn health(&self) -> Health {
        self.endpoints.probe_if_older_than(HEALTH_FRESH).await;
        let EndpointsHealth { primary, replicas } = self.endpoints.health();
        let writes = primary == EndpointHealth::Healthy;
        Health {
            // A replica at the write endpoint takes no writes, but it answers reads.
            reads: writes || primary == EndpointHealth::IsReplica || replicas.contains(&EndpointHealth::Healthy),
            writes,
            primary: primary.describe(),
            replicas: replicas.iter().map(EndpointHealth::describe).collect(),
        }
    }

    pub(super) async fn close(&self) {
        tokio::join!(self.jobs.close(), self.endpoints.close());
    }
}

/// The pool of the job queue.
fn jobs_pool(endpoints: &Endpoints) -> PgPool {
    let options = PgPoolOptions::new()
        .max_connections(JOB_CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        // apalis drops queries half way when it stops, and sqlx may then return a connection to the
        // pool while it is inside a transaction.
        .after_release(|connection, _| {
            Box::pin(async move {
                sqlx::query("rollback").execute(connection).await?;
                Ok(true)
            })
        });
    let name = PoolName { owner: "jobs", kind: PoolKind::Jobs };
    // Otherwise the server logs a warning each time that there is no transaction to roll back.
    endpoints.open_pool(name, options, |primary| primary.options([("client_min_messages", "error")]))
}

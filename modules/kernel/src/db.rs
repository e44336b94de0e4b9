//! Databases as a module sees them: a pool to write, a pool to read, and the one transaction through which state and events go.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::{Event, Fact, Id};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::sync::Notify;

use crate::Ambient;
use crate::outbox;

/// How long to wait for a connection before saying that the database is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const APPLICATION_NAME: &str = "piecework";

/// Writes of one module, to its own schema.
#[derive(Clone)]
pub struct WritePool {
    pool: PgPool,
    schema: &'static str,
    ambient: Ambient,
    committed: Arc<Notify>,
}

/// Reads of one module; its sessions cannot write.
#[derive(Clone)]
pub struct ReadPool {
    pool: PgPool,
}

impl WritePool {
    /// Connects when first used, so that a program starts while its database is down.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32, schema: &'static str, ambient: Ambient) -> Self {
        let options = options
            .application_name(APPLICATION_NAME)
            // A transaction that somebody forgot must not hold its locks for ever.
            .options([("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "20s")]);
        let pool = pool_options(max_connections).connect_lazy_with(options);
        Self { pool, schema, ambient, committed: Arc::new(Notify::new()) }
    }

    /// Opens a transaction.
    ///
    /// sqlx hands a connection back to the pool still inside a transaction if `begin` is dropped half way, as happens when a
    /// client hangs up. So it runs in a task of its own, which nobody can cancel.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let pool = self.pool.clone();
        let inner = tokio::spawn(async move { pool.begin().await }).await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        Ok(Tx {
            inner,
            schema: self.schema,
            ambient: self.ambient.clone(),
            committed: Arc::clone(&self.committed),
            said_something: false,
            wake: Vec::new(),
        })
    }

    /// A connection for reading what no replica may answer.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.pool.acquire().await
    }

    #[must_use]
    pub const fn schema(&self) -> &'static str {
        self.schema
    }

    #[must_use]
    pub const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// Signalled after each commit that left events in the outbox.
    #[must_use]
    pub fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    /// For what is not a module's: migrations, job tables, health.
    #[must_use]
    pub const fn raw(&self) -> &PgPool {
        &self.pool
    }
}

impl ReadPool {
    /// Connects when first used. The sessions are read-only whatever the endpoint is.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32) -> Self {
        let options = options
            .application_name(APPLICATION_NAME)
            .options([("default_transaction_read_only", "on"), ("statement_timeout", "30s")]);
        Self { pool: pool_options(max_connections).connect_lazy_with(options) }
    }

    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.pool.acquire().await
    }

    /// A transaction in which every statement sees the same state.
    pub async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let pool = self.pool.clone();
        let begin = async move { pool.begin_with("begin isolation level repeatable read read only").await };
        tokio::spawn(begin).await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

fn pool_options(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(Duration::from_secs(300))
}

/// A transaction of one module. Dropped without `commit`, nothing of it has happened, its events included.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    schema: &'static str,
    ambient: Ambient,
    committed: Arc<Notify>,
    said_something: bool,
    wake: Vec<Arc<Notify>>,
}

impl Tx {
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    #[must_use]
    pub fn new_id<T>(&self) -> Id<T> {
        self.ambient.new_id()
    }

    #[must_use]
    pub const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    #[must_use]
    pub const fn schema(&self) -> &'static str {
        self.schema
    }

    /// Says `fact` to the other modules, if this transaction commits.
    pub async fn emit<F: Fact>(&mut self, fact: &F) -> Result<(), sqlx::Error> {
        let event =
            Event::new(self.new_id(), self.now(), None, fact).map_err(|error| sqlx::Error::Encode(error.into()))?;
        outbox::append(&mut self.inner, self.schema, &event, fact.weight()).await?;
        self.said_something = true;
        Ok(())
    }

    /// Signals `notify` if this transaction commits.
    pub fn wake_on_commit(&mut self, notify: Arc<Notify>) {
        self.wake.push(notify);
    }

    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await?;
        if self.said_something {
            self.committed.notify_one();
        }
        for notify in self.wake {
            notify.notify_one();
        }
        Ok(())
    }

    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.inner.rollback().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// Whether the database could not be reached or is going away: worth another try, and no fault of the request.
#[must_use]
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        // Connection trouble, too many connections, shutting down, read-only (a primary that became a replica), lock timeout.
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || matches!(&*code, "53300" | "25006" | "55P03")
        }),
        _ => false,
    }
}

/// Whether the same transaction may succeed if it is simply run again: a deadlock or a serialisation failure.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("40001" | "40P01")))
}

/// Whether a value was refused because no column could hold it: a zero byte in a text, a time or number out of range.
#[must_use]
pub fn is_unstorable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if matches!(database.code().as_deref(), Some("22003" | "22008" | "22021")))
}

/// The name of the constraint that refused a row, for a store that turns it into a variant.
#[must_use]
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(database) => database.constraint(),
        _ => None,
    }
}

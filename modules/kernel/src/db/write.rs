//! The pool to write: it hands out transactions and connections on the primary.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgPool, Postgres};
use tokio::sync::Notify;

use super::consistency;
use super::endpoints::Endpoints;
use super::error::{DbError, Repetition};
use super::idempotency_keys;
use super::pool::{acquire, acquire_failure, pool_options_as, writing_session};
use super::pools::{PoolKind, PoolName, Waiting};
use super::role::ModuleRole;
use super::session::{AfterCommit, Autocommit, Tx};
use crate::Ambient;
use crate::http::idempotency::{self, KeyedCommand};

/// The writes of one module to its own schema.
#[derive(Clone)]
pub struct WritePool {
    pool: PgPool,
    waiting: Waiting,
    endpoints: Arc<Endpoints>,
    schema: &'static str,
    ambient: Ambient,
    committed: Arc<Notify>,
    delivered: Arc<Notify>,
}

impl WritePool {
    /// A pool on a database without replicas that is known to be open.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32, schema: &'static str, ambient: Ambient) -> Self {
        let endpoints = Endpoints::of_primary(options, ambient.clone());
        Self::on_endpoints(&endpoints, max_connections, schema, ambient)
    }

    /// Connects when it is first used, so that a program starts while its database is down.
    #[must_use]
    pub fn on_endpoints(
        endpoints: &Arc<Endpoints>,
        max_connections: u32,
        schema: &'static str,
        ambient: Ambient,
    ) -> Self {
        let name = PoolName { owner: schema, kind: PoolKind::Write };
        let acquire_timeout = endpoints.settings().acquire_timeout;
        let options = pool_options_as(ModuleRole::owning(schema), max_connections, acquire_timeout);
        let (pool, waiting) = endpoints.pools().open_on_primary(name, options, writing_session);
        Self {
            pool,
            waiting,
            endpoints: Arc::clone(endpoints),
            schema,
            ambient,
            committed: Arc::default(),
            delivered: Arc::default(),
        }
    }

    /// Begins a transaction.
    ///
    /// If `begin` is dropped half way, as when a client hangs up, sqlx returns the connection to
    /// the pool inside a transaction. So it runs in a task of its own, which is never cancelled.
    ///
    /// # Errors
    /// The primary gives no connection.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let pool = self.pool.clone();
        let begun = async {
            let begin = on_live_connection(pool, |pool| async move { pool.begin().await });
            tokio::spawn(begin).await.map_err(|error| DbError::unavailable(error.to_string()))?
        };
        let inner = self.waiting.during(self.endpoints.run_on_primary(begun)).await?;
        Ok(Tx::new(inner, self.schema, self.ambient.clone(), self.after_commit()))
    }

    /// Begins the transaction of a command that ends with `Tx::commit_command`. If the current
    /// request has an idempotency key, it holds the lock of the key.
    ///
    /// # Errors
    /// `DbError::Repeated` if the command is in flight or was answered before; as `begin`.
    pub async fn begin_command(&self) -> Result<Tx, DbError> {
        let mut tx = self.begin().await?;
        if let Some(command) = idempotency::current() {
            let now = tx.now();
            idempotency_keys::lock(&mut tx, command.request()).await?;
            // A statement of its own, so that it sees what the last holder of the lock committed.
            let checked = idempotency_keys::check(&mut tx, self.schema, command.request(), now).await;
            self.after_check(checked).await?;
        }
        Ok(tx)
    }

    /// Interrupts the current command if its request has an idempotency key that is known.
    ///
    /// # Errors
    /// `DbError::Repeated` if the command was answered before; the primary gives no connection.
    pub async fn check_idempotency_key(&self) -> Result<(), DbError> {
        match idempotency::current() {
            // Boxed, so that the future of each command stays small.
            Some(command) => Box::pin(self.check_key_of(command)).await,
            None => Ok(()),
        }
    }

    async fn check_key_of(&self, command: KeyedCommand) -> Result<(), DbError> {
        let mut connection = self.acquire().await?;
        let now = self.ambient.now();
        let checked = idempotency_keys::check(&mut connection, self.schema, command.request(), now).await;
        self.after_check(checked).await
    }

    /// An answer that is given again includes the position of its commit, like the first time.
    async fn after_check(&self, checked: Result<(), DbError>) -> Result<(), DbError> {
        if let Err(DbError::Repeated(Repetition::Answered)) = &checked {
            self.endpoints.note_commit(consistency::current().as_slice()).await;
        }
        checked
    }

    /// Deletes a limited number of answers to commands with an idempotency key that were kept for
    /// seven days. Returns whether more may remain.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn prune_idempotency_keys(&self) -> Result<bool, DbError> {
        let mut tx = self.begin().await?;
        let now = tx.now();
        let deleted = idempotency_keys::prune(&mut tx, self.schema, now).await?;
        tx.commit().await?;
        Ok(deleted >= idempotency_keys::PRUNE_BATCH.unsigned_abs())
    }

    /// A connection on which each statement is a transaction of its own.
    ///
    /// # Errors
    /// The primary gives no connection.
    pub async fn autocommit(&self) -> Result<Autocommit, DbError> {
        let connection = self.waiting.during(self.endpoints.run_on_primary(acquire(&self.pool))).await?;
        Ok(Autocommit::new(connection, self.ambient.clone(), self.after_commit()))
    }

    /// Runs `work` that uses the primary. The work is dropped when a probe finds the primary down.
    pub(crate) async fn run_on_primary<T>(&self, work: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
        self.endpoints.run_on_primary(work).await
    }

    fn after_commit(&self) -> AfterCommit {
        AfterCommit::new(Arc::clone(&self.endpoints), Arc::clone(&self.committed))
    }

    /// A connection to the primary, to read what no replica may answer.
    ///
    /// # Errors
    /// The primary gives no connection.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, DbError> {
        let acquire_live = |pool: PgPool| async move {
            let mut connection = acquire(&pool).await?;
            connection.ping().await?;
            Ok(connection)
        };
        let acquired = self.endpoints.run_on_primary(on_live_connection(self.pool.clone(), acquire_live));
        self.waiting.during(acquired).await
    }

    #[must_use]
    pub const fn schema(&self) -> &'static str {
        self.schema
    }

    #[must_use]
    pub const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// Notified after each commit that may have put events into the outbox.
    #[must_use]
    pub fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    /// Notified after each batch of events that this process has delivered and removed from the
    /// outbox.
    pub(crate) fn delivered(&self) -> Arc<Notify> {
        Arc::clone(&self.delivered)
    }

    #[must_use]
    pub const fn endpoints(&self) -> &Arc<Endpoints> {
        &self.endpoints
    }

    /// The pool itself, for statements that publish no events.
    #[must_use]
    pub const fn raw(&self) -> &PgPool {
        &self.pool
    }
}

/// Calls `get` until it does not fail by a dead connection. If one of the pool's connections has
/// died since it was used, the others have probably died as well.
async fn on_live_connection<T, Got>(pool: PgPool, get: impl Fn(PgPool) -> Got) -> Result<T, DbError>
where
    Got: Future<Output = Result<T, sqlx::Error>>,
{
    for _ in 0..pool.size() {
        match get(pool.clone()).await.map_err(DbError::from) {
            Err(error) if error.is_unavailable() && !error.is_of_running_server() => {}
            result => return result,
        }
    }
    get(pool.clone()).await.map_err(|error| acquire_failure(&pool, error.into()))
}

//! The pool to write, and the one transaction through which state and events go.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{Event, Fact, Id};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, PgPool, Postgres, Transaction};
use tokio::sync::Notify;

use super::cluster::Cluster;
use super::{ModuleRole, is_unavailable, pool_options_as, session_options};
use crate::Ambient;
use crate::consistency::Consistency;
use crate::outbox;

/// Writes of one module, to its own schema.
#[derive(Clone)]
pub struct WritePool {
    pool: PgPool,
    cluster: Arc<Cluster>,
    schema: &'static str,
    ambient: Ambient,
    committed: Arc<Notify>,
    delivered: Arc<Notify>,
}

impl WritePool {
    /// On a database without replicas that is known to be there.
    #[must_use]
    pub fn new(options: PgConnectOptions, max_connections: u32, schema: &'static str, ambient: Ambient) -> Self {
        let cluster = Cluster::of_primary(options, ambient.clone());
        Self::in_cluster(&cluster, max_connections, schema, ambient)
    }

    /// Connects when first used, so that a program starts while its database is down.
    #[must_use]
    pub fn in_cluster(cluster: &Arc<Cluster>, max_connections: u32, schema: &'static str, ambient: Ambient) -> Self {
        let options = session_options(cluster.endpoints().primary.clone())
            // A transaction that somebody forgot must not hold its locks for ever.
            .options([("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "20s")])
            // A set of a few rows seems to be worth a plan of its own each time, and making it takes longer than the set does.
            .options([("plan_cache_mode", "force_generic_plan")]);
        let role = ModuleRole::owning(schema);
        let pool = pool_options_as(role, max_connections, cluster.endpoints().patience).connect_lazy_with(options);
        Self {
            pool,
            cluster: Arc::clone(cluster),
            schema,
            ambient,
            committed: Arc::default(),
            delivered: Arc::default(),
        }
    }

    /// Opens a transaction.
    ///
    /// sqlx hands a connection back to the pool still inside a transaction if `begin` is dropped half way, as happens when a
    /// client hangs up. So it runs in a task of its own, which nobody can cancel.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let pool = self.pool.clone();
        let begun = async {
            let begin = of_the_living(pool, |pool| async move { pool.begin().await });
            tokio::spawn(begin).await.map_err(|_| sqlx::Error::WorkerCrashed)?
        };
        Ok(Tx {
            inner: self.cluster.ask_primary(begun).await?,
            cluster: Arc::clone(&self.cluster),
            schema: self.schema,
            ambient: self.ambient.clone(),
            committed: Arc::clone(&self.committed),
            said_something: false,
            wake: Vec::new(),
        })
    }

    /// A connection for reading what no replica may answer.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let acquire = |pool: PgPool| async move {
            let mut connection = pool.acquire().await?;
            connection.ping().await?;
            Ok(connection)
        };
        self.cluster.ask_primary(of_the_living(self.pool.clone(), acquire)).await
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

    /// Signals whoever waits at that moment, after each batch that this process has taken out of the outbox for good.
    pub(crate) fn delivered(&self) -> Arc<Notify> {
        Arc::clone(&self.delivered)
    }

    /// What is known of the database's endpoints.
    #[must_use]
    pub const fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Past the transactions that events go through.
    #[must_use]
    pub const fn raw(&self) -> &PgPool {
        &self.pool
    }
}

/// Goes from one of the pool's connections to the next for as long as they turn out to be dead: if one has died since it was used, the
/// others have as well.
async fn of_the_living<T, Got>(pool: PgPool, get: impl Fn(PgPool) -> Got) -> Result<T, sqlx::Error>
where
    Got: Future<Output = Result<T, sqlx::Error>>,
{
    for _ in 0..pool.size() {
        match get(pool.clone()).await {
            Err(error) if is_unavailable(&error) && !matches!(error, sqlx::Error::PoolTimedOut) => {}
            got => return got,
        }
    }
    get(pool).await
}

/// A transaction of one module. Dropped without `commit`, nothing of it has happened, its events included.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    cluster: Arc<Cluster>,
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
        self.emit_all(std::slice::from_ref(fact)).await
    }

    /// Says each of `facts`, in one round trip.
    pub async fn emit_all<F: Fact>(&mut self, facts: &[F]) -> Result<(), sqlx::Error> {
        if facts.is_empty() {
            return Ok(());
        }
        let event = |fact: &F| Ok((Event::new(self.new_id(), self.now(), None, fact)?, fact.weight()));
        let events: Result<Vec<_>, serde_json::Error> = facts.iter().map(event).collect();
        outbox::append(&mut self.inner, self.schema, &events.map_err(|error| sqlx::Error::Encode(error.into()))?)
            .await?;
        self.said_something = true;
        Ok(())
    }

    /// Signals `notify` if this transaction commits.
    pub fn wake_on_commit(&mut self, notify: Arc<Notify>) {
        self.wake.push(notify);
    }

    /// Within a request it also notes how far the client's next reads have to see.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.commit_for(crate::consistency::current().as_slice()).await
    }

    /// The same for all the requests that it was for.
    pub(crate) async fn commit_for(self, requests: &[Arc<Consistency>]) -> Result<(), sqlx::Error> {
        self.inner.commit().await?;
        self.cluster.note_commit(requests).await;
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

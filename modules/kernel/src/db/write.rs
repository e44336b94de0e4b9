//! The pool to write, and the two kinds of transaction through which state and events go: of many statements, and of one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::{Event, Fact, Id};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, PgPool, Postgres, Transaction};
use tokio::sync::Notify;
use uuid::Uuid;

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
        let inner = self.cluster.ask_primary(begun).await?;
        Ok(Tx { inner, schema: self.schema, ambient: self.ambient.clone(), aftermath: self.aftermath() })
    }

    /// A connection on which each statement is a transaction of its own.
    pub async fn autocommit(&self) -> Result<Autocommit, sqlx::Error> {
        let connection = self.cluster.ask_primary(self.pool.acquire()).await?;
        Ok(Autocommit { connection, ambient: self.ambient.clone(), aftermath: self.aftermath() })
    }

    /// Waits for something from the database, but no longer than it is known to be there.
    pub(crate) async fn while_there<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        self.cluster.ask_primary(work).await
    }

    fn aftermath(&self) -> Aftermath {
        let (cluster, committed) = (Arc::clone(&self.cluster), Arc::clone(&self.committed));
        Aftermath { cluster, committed, said_something: false, wake: Vec::new() }
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

    /// Signalled after each commit that may have left events in the outbox.
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

/// What is to be done once a transaction has committed.
struct Aftermath {
    cluster: Arc<Cluster>,
    committed: Arc<Notify>,
    said_something: bool,
    wake: Vec<Arc<Notify>>,
}

impl Aftermath {
    /// Wakes the relay and whoever else waits, and notes how far the next reads of these requests have to see.
    async fn follow(&mut self, requests: &[Arc<Consistency>]) {
        if std::mem::take(&mut self.said_something) {
            self.committed.notify_one();
        }
        for notify in self.wake.drain(..) {
            notify.notify_one();
        }
        self.cluster.note_commit(requests).await;
    }
}

/// An event whose fact is written by the very statement that brings it about: `head`, the fact as JSON and a closing brace are the event.
pub struct Envelope {
    event_id: Uuid,
    head: String,
}

impl Envelope {
    #[must_use]
    pub const fn event_id(&self) -> Uuid {
        self.event_id
    }

    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    fn new<F: Fact>(ambient: &Ambient) -> Result<Self, sqlx::Error> {
        let event_id = ambient.new_id();
        let head = Event::head::<F>(event_id, ambient.now()).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(Self { event_id: event_id.uuid(), head })
    }
}

/// A transaction of one module. Dropped without `commit`, nothing of it has happened, its events included.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    schema: &'static str,
    ambient: Ambient,
    aftermath: Aftermath,
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
        self.aftermath.said_something = true;
        Ok(())
    }

    /// For a statement that puts its event into the outbox itself.
    pub fn envelope<F: Fact>(&mut self) -> Result<Envelope, sqlx::Error> {
        self.aftermath.said_something = true;
        Envelope::new::<F>(&self.ambient)
    }

    /// Marks a place in the transaction for `roll_back_to_savepoint`; of several the last one counts.
    ///
    /// Not for a loop: with more than 64 of them in a transaction, PostgreSQL takes longer for everybody to tell what is committed.
    pub async fn savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.inner.execute("savepoint place").await?;
        Ok(())
    }

    /// Takes back what was written since the savepoint, locks included, and what failed. Events said since then are gone as well.
    pub async fn roll_back_to_savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.inner.execute("rollback to savepoint place").await?;
        Ok(())
    }

    /// Signals `notify` if this transaction commits.
    pub fn wake_on_commit(&mut self, notify: Arc<Notify>) {
        self.aftermath.wake.push(notify);
    }

    /// Within a request it also notes how far the client's next reads have to see.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.inner.commit().await?;
        self.aftermath.follow(crate::consistency::current().as_slice()).await;
        Ok(())
    }

    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.inner.rollback().await
    }
}

/// A connection on which each statement is a transaction of its own: sent, carried out and committed in one round trip, its event
/// included.
///
/// The rows that it returns come before the commit: it has happened once all of them were read, as `fetch_all` does.
pub struct Autocommit {
    connection: PoolConnection<Postgres>,
    ambient: Ambient,
    aftermath: Aftermath,
}

impl Autocommit {
    #[must_use]
    pub const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// For the event that the statement puts into the outbox.
    pub fn envelope<F: Fact>(&mut self) -> Result<Envelope, sqlx::Error> {
        self.aftermath.said_something = true;
        Envelope::new::<F>(&self.ambient)
    }

    /// After each statement: the requests that it was for will see what it wrote, and the relay its event.
    pub(crate) async fn committed_for(&mut self, requests: &[Arc<Consistency>]) {
        self.aftermath.follow(requests).await;
    }

    /// Whether a statement since the last commit may have said something.
    pub(crate) const fn may_have_told(&self) -> bool {
        self.aftermath.said_something
    }

    /// After a statement whose end is not known: whoever comes next has another connection.
    pub(crate) fn give_up(self) {
        drop(self.connection.detach());
    }
}

impl Deref for Autocommit {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Autocommit {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
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

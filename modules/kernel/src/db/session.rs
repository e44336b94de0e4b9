//! The sessions through which a module writes state and events together: a transaction of several
//! statements, and a connection on which each statement is a transaction.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::events::audit::AuditRecorded;
use contracts::{Event, Fact, Id};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Postgres, Transaction};
use tokio::sync::Notify;
use uuid::Uuid;

use super::consistency::{self, Consistency};
use super::endpoints::Endpoints;
use super::error::DbError;
use super::idempotency_keys;
use crate::Ambient;
use crate::events::audit::{self, Audit};
use crate::events::outbox;
use crate::http::Answer;
use crate::http::idempotency::{self, KeyedRequest};
use crate::http::trace;

/// The work that follows a commit.
pub(super) struct AfterCommit {
    endpoints: Arc<Endpoints>,
    committed: Arc<Notify>,
    has_events: bool,
    wake: Vec<Arc<Notify>>,
    /// The records of the transaction, for the log.
    audited: Vec<AuditRecorded>,
}

impl AfterCommit {
    pub(super) const fn new(endpoints: Arc<Endpoints>, committed: Arc<Notify>) -> Self {
        Self { endpoints, committed, has_events: false, wake: Vec::new(), audited: Vec::new() }
    }

    /// Wakes the relay and every waiting task, and notes in `requests` the log position that their
    /// clients' next reads must include.
    async fn run(&mut self, requests: &[Arc<Consistency>]) {
        if std::mem::take(&mut self.has_events) {
            self.committed.notify_one();
        }
        for record in self.audited.drain(..) {
            audit::log(&record);
        }
        for notify in self.wake.drain(..) {
            notify.notify_one();
        }
        self.endpoints.note_commit(requests).await;
    }
}

/// The beginning of an event whose fact is composed by the statement that also causes it. The head,
/// the fact as JSON and a closing brace are the event.
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

    /// The event belongs to the trace of the current request. The event of a batch belongs to the
    /// traces of the batch's commands.
    fn new<F: Fact>(ambient: &Ambient) -> Result<Self, DbError> {
        let event_id = ambient.new_id();
        let head = Event::head::<F>(event_id, ambient.now(), trace::current_causes())?;
        Ok(Self { event_id: event_id.uuid(), head })
    }
}

/// A transaction of one module. If it is dropped without `commit`, neither its writes nor its
/// events take place.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    schema: &'static str,
    ambient: Ambient,
    after_commit: AfterCommit,
}

impl Tx {
    pub(super) const fn new(
        inner: Transaction<'static, Postgres>,
        schema: &'static str,
        ambient: Ambient,
        after_commit: AfterCommit,
    ) -> Self {
        Self { inner, schema, ambient, after_commit }
    }

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

    /// Publishes `fact` if this transaction commits.
    ///
    /// # Errors
    /// The database does not take it.
    pub async fn emit<F: Fact>(&mut self, fact: &F) -> Result<(), DbError> {
        self.emit_all(std::slice::from_ref(fact)).await
    }

    /// Publishes each of `facts` in an event of its own, in one round trip. The events belong to
    /// the trace of the current request.
    ///
    /// # Errors
    /// The database does not take them.
    pub async fn emit_all<F: Fact>(&mut self, facts: &[F]) -> Result<(), DbError> {
        if facts.is_empty() {
            return Ok(());
        }
        let causes = trace::current_causes();
        let event = |fact: &F| {
            let event = Event::new(self.new_id(), self.now(), fact)?;
            Ok((event.caused_by(causes.clone()), fact.weight()))
        };
        let events: Result<Vec<_>, DbError> = facts.iter().map(event).collect();
        outbox::append(&mut self.inner, self.schema, &events?).await?;
        self.after_commit.has_events = true;
        Ok(())
    }

    /// Adds a record to the audit trail and to the log if this transaction commits.
    ///
    /// # Errors
    /// The database does not take it.
    pub async fn audit(&mut self, record: Audit) -> Result<(), DbError> {
        let record = record.at(self.now());
        self.emit(&record).await?;
        self.after_commit.audited.push(record);
        Ok(())
    }

    /// An envelope for a statement that puts its event into the outbox itself.
    ///
    /// # Errors
    /// The head cannot be written as JSON.
    pub fn envelope<F: Fact>(&mut self) -> Result<Envelope, DbError> {
        self.after_commit.has_events = true;
        Envelope::new::<F>(&self.ambient)
    }

    /// Marks a point in the transaction for `roll_back_to_savepoint`, which returns to the last
    /// one.
    ///
    /// A transaction must not call it many times: with more than 64 savepoints in a transaction,
    /// PostgreSQL takes longer for every session to determine what is committed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn savepoint(&mut self) -> Result<(), DbError> {
        self.inner.execute("savepoint place").await?;
        Ok(())
    }

    /// Undoes what was written since the savepoint, events and locks included. The transaction can
    /// be used again after a statement that failed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn roll_back_to_savepoint(&mut self) -> Result<(), DbError> {
        self.inner.execute("rollback to savepoint place").await?;
        Ok(())
    }

    /// Notifies `notify` if this transaction commits.
    pub fn wake_on_commit(&mut self, notify: Arc<Notify>) {
        self.after_commit.wake.push(notify);
    }

    /// Commits. Within a request it also notes the log position that the client's next reads must
    /// include.
    ///
    /// # Errors
    /// `DbError::OutcomeUnknown` if the connection is lost before the commit is confirmed. After
    /// any other error nothing is committed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.inner.commit().await.map_err(|error| DbError::from(error).after_commit_was_sent())?;
        self.after_commit.run(consistency::current().as_slice()).await;
        Ok(())
    }

    /// Commits a command with this result. If the current request has an idempotency key, the
    /// answer to the request is stored in the same transaction.
    ///
    /// # Errors
    /// As `commit`.
    pub async fn commit_command<T: Any + Sync>(mut self, result: &T) -> Result<(), DbError> {
        if let Some(command) = idempotency::current() {
            let (now, answer) = (self.now(), command.answer(result)?);
            idempotency_keys::insert(&mut self.inner, self.schema, vec![(command.request(), answer)], now).await?;
        }
        self.commit().await
    }

    /// Ends the transaction without its writes and events.
    ///
    /// # Errors
    /// The database does not answer; nothing is committed all the same.
    pub async fn rollback(self) -> Result<(), DbError> {
        Ok(self.inner.rollback().await?)
    }
}

/// A connection on which each statement is a transaction of its own: it is sent, executed and
/// committed in one round trip, its event included. A batch with an idempotency key is the
/// exception: it begins a transaction.
///
/// The rows that a statement returns arrive before its commit. It is committed once all of its rows
/// were read, as `fetch_all` does.
pub struct Autocommit {
    connection: PoolConnection<Postgres>,
    ambient: Ambient,
    after_commit: AfterCommit,
}

impl Autocommit {
    pub(super) const fn new(connection: PoolConnection<Postgres>, ambient: Ambient, after_commit: AfterCommit) -> Self {
        Self { connection, ambient, after_commit }
    }

    #[must_use]
    pub const fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// An envelope for the event that the statement puts into the outbox.
    ///
    /// # Errors
    /// The head cannot be written as JSON.
    pub fn envelope<F: Fact>(&mut self) -> Result<Envelope, DbError> {
        self.after_commit.has_events = true;
        Envelope::new::<F>(&self.ambient)
    }

    /// To be called after each statement that has committed, with the requests it was executed for:
    /// their clients' next reads see what it wrote, and the relay sees its event.
    pub(crate) async fn after_commit(&mut self, requests: &[Arc<Consistency>]) {
        self.after_commit.run(requests).await;
    }

    /// Begins a transaction of several statements.
    pub(crate) async fn begin(&mut self) -> Result<(), DbError> {
        self.connection.execute("begin").await?;
        Ok(())
    }

    /// Commits the transaction together with the answers to the requests that have an idempotency
    /// key.
    pub(crate) async fn commit(&mut self, schema: &str, answers: Vec<(&KeyedRequest, Answer)>) -> Result<(), DbError> {
        let now = self.ambient.now();
        idempotency_keys::insert(&mut self.connection, schema, answers, now).await?;
        self.connection.execute("commit").await?;
        Ok(())
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), DbError> {
        self.connection.execute("rollback").await?;
        Ok(())
    }

    /// Whether a statement since the last commit may have put an event into the outbox.
    pub(crate) const fn may_have_events(&self) -> bool {
        self.after_commit.has_events
    }

    /// Closes the connection instead of returning it to the pool, because it is not known whether
    /// its last statement has ended.
    pub(crate) fn discard(self) {
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

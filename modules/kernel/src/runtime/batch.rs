//! Batches: commands of one kind that arrive together are committed together.
//!
//! A commit costs the same for one command as for fifty. If no batch is running, a command starts
//! one immediately. Commands that arrive while a batch is running are collected into the next
//! batch. A batch is one statement, which is a transaction of its own, so it takes one round trip.
//! If a command in the batch has an idempotency key, the statement is in a transaction that also
//! stores the answer to the command.
//! At most one batch of a kind runs at a time, so that the next one is as large as possible. A
//! single command is a batch of one.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use crate::db::DbError;
use crate::db::consistency::{self, Consistency};
use crate::http::Answer;
use crate::http::idempotency::{self, KeyedCommand, KeyedRequest};
use crate::http::trace::{self, TraceContext};
use crate::runtime::span::{Span, SpanKind};
use crate::{Autocommit, WritePool};

/// Maximum number of commands in one batch.
pub const BATCH_MAX: usize = 256;
/// A batch that takes longer than this is given up: on a dead connection it would never end. It is
/// longer than the `lock_timeout` of sessions that write, so a batch that is given up does not take
/// effect later.
const BATCH_TIMEOUT: Duration = Duration::from_secs(22);
/// How long an idle connection is kept for the next command. Under full load the queue is empty for
/// an instant now and then. A connection from the pool would each time be another session, which
/// has to load its caches again.
const IDLE_TIMEOUT: Duration = Duration::from_millis(50);

/// The answers to a set of commands, in the order of the commands.
pub type BatchAnswers<'a, Answer, Error> = BoxFuture<'a, Result<Vec<Result<Answer, Error>>, DbError>>;

type Answers<H> = Vec<Result<<H as BatchHandler>::Answer, <H as BatchHandler>::Error>>;

/// Applies commands of one kind in sets.
pub trait BatchHandler: Send + Sync + 'static {
    /// The input of one command.
    type Command: Send + Sync + 'static;
    /// The answer to one command.
    type Answer: Send + 'static;
    /// The error with which one command is refused.
    type Error: From<DbError> + Send + 'static;

    /// Applies all commands with one statement that writes, and answers each of them, in their
    /// order. A command whose answer is an error has changed nothing.
    ///
    /// If the whole call fails, nothing is committed. Each command is then applied alone, unless
    /// the database is unavailable. The same happens after a panic that comes before the handler
    /// has asked for an envelope.
    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [Self::Command],
    ) -> BatchAnswers<'a, Self::Answer, Self::Error>;

    /// What the command with this answer has done: what its request renders, and stores if it has
    /// an idempotency key. None if the command has changed nothing.
    fn result(answer: &Self::Answer) -> Option<&dyn Any> {
        Some(answer)
    }
}

/// Accepts commands of one kind. Clones share the queue.
pub struct Batcher<H: BatchHandler> {
    shared: Arc<Shared<H>>,
}

/// What all clones of a batcher share.
struct Shared<H: BatchHandler> {
    handler: H,
    write: WritePool,
    /// The runtime on which batches run. The caller's runtime may be that of a worker of the HTTP
    /// server, which can end while commands of other callers are in the batch.
    runtime: Option<Handle>,
    queue: Mutex<Queue<H>>,
    arrived: Notify,
}

/// The commands that wait for the next batch.
struct Queue<H: BatchHandler> {
    waiting: VecDeque<Waiting<H>>,
    /// Whether a session is applying batches.
    has_session: bool,
}

/// A command in the queue.
struct Waiting<H: BatchHandler> {
    command: H::Command,
    caller: Caller<H>,
}

/// The request that a command belongs to.
struct Caller<H: BatchHandler> {
    answer: oneshot::Sender<Result<H::Answer, H::Error>>,
    consistency: Option<Arc<Consistency>>,
    trace: Option<TraceContext>,
    /// The command as its request knows it, if the request has an idempotency key.
    keyed: Option<KeyedCommand>,
}

/// Applies the commands of a queue, one batch after the other, until the queue is empty.
struct Session<H: BatchHandler> {
    shared: Arc<Shared<H>>,
    /// The connection, as long as its statements succeed.
    connection: Option<Autocommit>,
}

/// Why a set of commands has no answers.
enum Failure {
    /// The handler panicked before it could write anything.
    Panicked,
    Database(DbError),
}

impl<H: BatchHandler> Clone for Batcher<H> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<H: BatchHandler> Batcher<H> {
    /// Batches run on the runtime on which this is called.
    #[must_use]
    pub fn new(write: WritePool, handler: H) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), has_session: false });
        let runtime = Handle::try_current().ok();
        Self { shared: Arc::new(Shared { handler, write, runtime, queue, arrived: Notify::new() }) }
    }

    /// Runs a command and returns its answer after the commit. If the caller goes away before the
    /// command's batch begins, the command is dropped. If it goes away later, the command still
    /// runs.
    ///
    /// # Errors
    /// The error of the command, or of the database. `DbError::Repeated` if the request has an
    /// idempotency key and was answered before.
    pub async fn run(&self, command: H::Command) -> Result<H::Answer, H::Error> {
        self.shared.write.check_idempotency_key().await?;
        let (answer, answered) = oneshot::channel();
        let (consistency, trace) = (consistency::current(), TraceContext::current());
        let schema = self.shared.write.schema();
        // It covers the wait for the batch, and the batch.
        let _span =
            trace.map(|request| Span::child(SpanKind::Internal, request, || (format!("batch {schema}"), Vec::new())));
        let caller = Caller { answer, consistency, trace, keyed: idempotency::current() };
        let needs_session = {
            let mut queue = self.shared.queue();
            queue.waiting.push_back(Waiting { command, caller });
            !std::mem::replace(&mut queue.has_session, true)
        };
        if needs_session {
            let session = Session { shared: Arc::clone(&self.shared), connection: None }.run();
            match &self.shared.runtime {
                Some(runtime) => runtime.spawn(session),
                None => tokio::spawn(session),
            };
        } else {
            self.shared.arrived.notify_one();
        }
        // There is no answer if the runtime ends, and the batch with it.
        answered.await.unwrap_or_else(|_| Err(outcome_unknown("the program is stopping").into()))
    }
}

impl<H: BatchHandler> Shared<H> {
    fn queue(&self) -> MutexGuard<'_, Queue<H>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next_arrival(&self) {
        while self.queue().waiting.is_empty() {
            self.arrived.notified().await;
        }
    }
}

impl<H: BatchHandler> Session<H> {
    async fn run(mut self) {
        loop {
            if self.connection.is_some() {
                let _arrival = tokio::time::timeout(IDLE_TIMEOUT, self.shared.next_arrival()).await;
            }
            let Some(waiting) = self.shared.queue().count_or_end() else { return };
            // More commands may arrive while the session waits for a connection. If there is none,
            // they get an attempt of their own.
            let connected = self.connect().await;
            let batch = self.shared.queue().take(if connected.is_ok() { BATCH_MAX } else { waiting });
            if batch.is_empty() {
                continue;
            }
            let (commands, callers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|waiting| (waiting.command, waiting.caller)).unzip();
            let answers = match connected {
                Ok(()) => self.run_batch(&commands, &callers).await,
                Err(failure) => Err(failure),
            };
            match answers {
                Ok(answers) => send_all(callers, answers),
                Err(failure) if commands.len() == 1 => send_all(callers, vec![Err(failure.into_error().into())]),
                // Each command alone would fail by the same outage.
                Err(Failure::Database(error)) if error.is_unavailable() => {
                    let answers = callers.iter().map(|_| Err(error.repeat().into())).collect();
                    send_all(callers, answers);
                }
                Err(_) => self.run_one_by_one(&commands, callers).await,
            }
        }
    }

    /// Makes sure that the session has a connection and that the primary is not known to be down.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.connection.is_some() {
            return Ok(self.shared.write.endpoints().check_primary()?);
        }
        let acquired = AssertUnwindSafe(self.shared.write.autocommit()).catch_unwind().await;
        self.connection = Some(acquired.map_err(|_| Failure::Panicked)??);
        Ok(())
    }

    /// Applies all commands in one statement, and tries once more at once after a deadlock.
    async fn run_batch(&mut self, commands: &[H::Command], callers: &[Caller<H>]) -> Result<Answers<H>, Failure> {
        match self.run_batch_once(commands, callers).await {
            Err(Failure::Database(error)) if error.is_transient() => self.run_batch_once(commands, callers).await,
            result => result,
        }
    }

    /// Applies each command in a statement of its own, so that an error fails only the command that
    /// causes it. After an outage the remaining commands are not applied.
    async fn run_one_by_one(&mut self, commands: &[H::Command], callers: Vec<Caller<H>>) {
        let mut outage: Option<DbError> = None;
        for (command, caller) in commands.iter().zip(callers) {
            if caller.answer.is_closed() {
                continue;
            }
            let answers = match &outage {
                Some(outage) => vec![Err(outage.repeat().into())],
                None => {
                    let (command, caller) = (std::slice::from_ref(command), std::slice::from_ref(&caller));
                    let result = self.run_batch(command, caller).await;
                    outage = result.as_ref().err().and_then(Failure::outage);
                    result.unwrap_or_else(|failure| vec![Err(failure.into_error().into())])
                }
            };
            send_all(vec![caller], answers);
        }
    }

    /// The connection is kept if it is certain that its statement has ended.
    async fn run_batch_once(&mut self, commands: &[H::Command], callers: &[Caller<H>]) -> Result<Answers<H>, Failure> {
        self.connect().await?;
        let Some(mut connection) = self.connection.take() else { return Err(Failure::Panicked) };
        let Shared { handler, write, .. } = &*self.shared;
        let requests = callers.iter().filter_map(|caller| caller.trace);
        let apply = trace::scope_all(requests, apply(handler, write.schema(), &mut connection, commands, callers));
        let timed = tokio::time::timeout(BATCH_TIMEOUT, write.run_on_primary(apply));
        let failure = match AssertUnwindSafe(timed).catch_unwind().await {
            Ok(Ok(Ok(answers))) if answers.len() == commands.len() => {
                let requests: Vec<_> = callers.iter().filter_map(|caller| caller.consistency.clone()).collect();
                connection.after_commit(&requests).await;
                self.connection = Some(connection);
                return Ok(answers);
            }
            Ok(Ok(Err(error))) if !error.is_unavailable() => {
                self.connection = Some(connection);
                return Err(error.into());
            }
            // The statement commits by itself, so a lost connection leaves its outcome open.
            Ok(Ok(Err(error))) => error.after_commit_was_sent().into(),
            Ok(Err(_)) => outcome_unknown("the batch did not end in time").into(),
            Err(_) if !connection.may_have_events() => Failure::Panicked,
            // It may have committed, so the commands are not applied again.
            Err(_) => outcome_unknown("the batch panicked").into(),
            Ok(Ok(Ok(_))) => outcome_unknown("the batch has not answered each command").into(),
        };
        connection.discard();
        Err(failure)
    }
}

/// Applies the commands, and stores the answers to those with an idempotency key in the same
/// transaction. Without a key, the statement of the handler is the whole transaction.
async fn apply<H: BatchHandler>(
    handler: &H,
    schema: &str,
    connection: &mut Autocommit,
    commands: &[H::Command],
    callers: &[Caller<H>],
) -> Result<Answers<H>, DbError> {
    if callers.iter().all(|caller| caller.keyed.is_none()) {
        return handler.apply(connection, commands).await;
    }
    connection.begin().await?;
    let applied = async {
        let answers = handler.apply(connection, commands).await?;
        connection.commit(schema, keyed_answers(callers, &answers)?).await?;
        Ok(answers)
    };
    let applied: Result<Answers<H>, DbError> = applied.await;
    // The connection is given up after an outage, so there is nothing to roll back.
    if let Err(error) = &applied
        && !error.is_unavailable()
    {
        connection.roll_back().await?;
    }
    applied
}

/// The answers to store: of commands that have an idempotency key and have changed something.
fn keyed_answers<'a, H: BatchHandler>(
    callers: &'a [Caller<H>],
    answers: &Answers<H>,
) -> Result<Vec<(&'a KeyedRequest, Answer)>, DbError> {
    let results = callers.iter().zip(answers).filter_map(|(caller, answer)| {
        let (command, result) = (caller.keyed.as_ref()?, H::result(answer.as_ref().ok()?)?);
        Some(command.answer(result).map(|answer| (command.request(), answer)))
    });
    results.collect()
}

impl<H: BatchHandler> Queue<H> {
    /// The number of waiting commands. If none waits, the session ends and this is none.
    fn count_or_end(&mut self) -> Option<usize> {
        let waiting = self.waiting.len();
        self.has_session = waiting > 0;
        self.has_session.then_some(waiting)
    }

    /// The next commands whose callers still wait for the answer.
    fn take(&mut self, count: usize) -> Vec<Waiting<H>> {
        let mut batch = Vec::new();
        while batch.len() < count.min(BATCH_MAX)
            && let Some(waiting) = self.waiting.pop_front()
        {
            if !waiting.caller.answer.is_closed() {
                batch.push(waiting);
            }
        }
        batch
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl Failure {
    /// The outage for the other commands if the database is unavailable.
    fn outage(&self) -> Option<DbError> {
        match self {
            // Only the outcome of the command itself is unknown: the others are not applied.
            Self::Database(DbError::OutcomeUnknown { reason }) => Some(DbError::unavailable(reason)),
            Self::Database(error) if error.is_unavailable() => Some(error.repeat()),
            _ => None,
        }
    }

    fn into_error(self) -> DbError {
        match self {
            Self::Panicked => outcome_unknown("the batch panicked"),
            Self::Database(error) => error,
        }
    }
}

fn outcome_unknown(reason: &str) -> DbError {
    DbError::OutcomeUnknown { reason: reason.to_owned() }
}

fn send_all<H: BatchHandler>(callers: Vec<Caller<H>>, answers: Answers<H>) {
    for (Caller { answer: sender, keyed, .. }, answer) in callers.into_iter().zip(answers) {
        // A client that has the answer may use the key again at once.
        drop(keyed);
        // A caller that is gone needs no answer.
        let _unsent = sender.send(answer);
    }
}

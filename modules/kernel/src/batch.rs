//! Commands that arrive together are committed together.
//!
//! A commit costs the same for one command as for fifty. So whoever finds nobody at work begins at once, and what arrives meanwhile
//! waits and goes together in the next statement, which is a transaction of its own: a batch is one round trip. One batch of a kind is
//! under way at a time, so that the next is as large as can be. One command alone is a batch of one: there is no other way.

use std::collections::VecDeque;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use crate::consistency::{self, Consistency};
use crate::{Autocommit, WritePool, db};

/// So many commands at most go into one statement.
pub const BATCH_MAX: usize = 256;
/// A batch that takes longer is given up: on a connection that has gone silent it would never end. Longer than any statement waits for a lock
/// (`lock_timeout` of sessions that write), so that what is given up does not happen after all.
const DEADLINE: Duration = Duration::from_secs(22);

/// How long a connection is kept for a command that may come: at full load the queue is empty for an instant now and then. Taken from the pool
/// each time, it would each time be another session, which has to fetch anew what the last one had at hand.
const LINGER: Duration = Duration::from_millis(50);

/// What comes of commands: an answer to each, in their order.
pub type Applying<'a, Answer, Error> = BoxFuture<'a, Result<Vec<Result<Answer, Error>>, sqlx::Error>>;

type Answers<W> = Vec<Result<<W as Work>::Answer, <W as Work>::Error>>;

/// One kind of command, applied in sets.
pub trait Work: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    type Answer: Send + 'static;
    type Error: From<sqlx::Error> + Send + 'static;

    /// Applies all commands with one statement that writes, and answers each, in their order. The command of an answer that is an error
    /// has changed nothing. An `Err` for the whole: nothing is committed, and each command is tried alone, unless the database is away; so
    /// also after a panic that came before an envelope was asked for.
    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [Self::Command],
    ) -> Applying<'a, Self::Answer, Self::Error>;
}

/// Takes commands of one kind. Clones share the queue.
pub struct Batcher<W: Work> {
    inner: Arc<Inner<W>>,
}

struct Inner<W: Work> {
    work: W,
    write: WritePool,
    /// Where batches run: the caller's may end with a worker of the HTTP server, in the midst of what others wait for.
    runtime: Option<Handle>,
    queue: Mutex<Queue<W>>,
    arrived: Notify,
}

struct Queue<W: Work> {
    waiting: VecDeque<Waiting<W>>,
    is_worked_off: bool,
}

struct Waiting<W: Work> {
    command: W::Command,
    caller: Caller<W>,
}

struct Caller<W: Work> {
    answer: oneshot::Sender<Result<W::Answer, W::Error>>,
    request: Option<Arc<Consistency>>,
}

/// Why a batch has no answers.
enum Failure {
    /// Before it could have written anything.
    Panicked,
    Database(sqlx::Error),
}

impl<W: Work> Clone for Batcher<W> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<W: Work> Batcher<W> {
    /// Batches run on the runtime that this is called on.
    #[must_use]
    pub fn new(write: WritePool, work: W) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), is_worked_off: false });
        Self {
            inner: Arc::new(Inner { work, write, runtime: Handle::try_current().ok(), queue, arrived: Notify::new() }),
        }
    }

    /// Answers after the commit. A caller that goes away before its command was begun has not asked for anything; afterwards the
    /// command is carried out to its end, or to the deadline of its batch.
    ///
    /// # Errors
    /// The command's own, or the database's.
    pub async fn run(&self, command: W::Command) -> Result<W::Answer, W::Error> {
        let (answer, answered) = oneshot::channel();
        let caller = Caller { answer, request: consistency::current() };
        let is_needed = {
            let mut queue = self.inner.queue();
            queue.waiting.push_back(Waiting { command, caller });
            !std::mem::replace(&mut queue.is_worked_off, true)
        };
        if is_needed {
            let work = Arc::clone(&self.inner).work_off();
            match &self.inner.runtime {
                Some(runtime) => runtime.spawn(work),
                None => tokio::spawn(work),
            };
        } else {
            self.inner.arrived.notify_one();
        }
        // Without an answer the runtime is ending, and the batch with it.
        answered.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }
}

impl<W: Work> Inner<W> {
    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One batch after the other until nothing comes any more, on one connection as long as that does its work.
    async fn work_off(self: Arc<Self>) {
        let mut kept = None;
        loop {
            if kept.is_some() {
                let _arrival = tokio::time::timeout(LINGER, self.next_arrival()).await;
            }
            let Some(waiting) = self.queue().next_or_end() else { return };
            // While a connection is waited for, others come along; if there is none, they have a try of their own.
            let connection = self.reach(&mut kept).await;
            let batch = self.queue().take(if connection.is_ok() { BATCH_MAX } else { waiting });
            if !batch.is_empty() {
                let (commands, callers) = batch.into_iter().map(|waiting| (waiting.command, waiting.caller)).unzip();
                self.answer(connection, &mut kept, commands, callers).await;
            }
        }
    }

    async fn next_arrival(&self) {
        while self.queue().waiting.is_empty() {
            self.arrived.notified().await;
        }
    }

    async fn reach(&self, kept: &mut Option<Autocommit>) -> Result<Autocommit, Failure> {
        if let Some(connection) = kept.take() {
            return Ok(connection);
        }
        let acquired = AssertUnwindSafe(self.write.autocommit()).catch_unwind().await;
        Ok(acquired.map_err(|_| Failure::Panicked)??)
    }

    async fn answer(
        &self,
        connection: Result<Autocommit, Failure>,
        kept: &mut Option<Autocommit>,
        commands: Vec<W::Command>,
        callers: Vec<Caller<W>>,
    ) {
        let failure = match self.apply(connection, kept, &commands, &callers).await {
            Ok(answers) => return send_all(callers, answers),
            Err(failure) => failure,
        };
        if commands.len() == 1 {
            return send_all(callers, vec![Err(failure.into_error().into())]);
        }
        // Where nobody is at fault, the others would only wait for the same; else they shall not pay for the one who is.
        let mut outage = failure.outage();
        for (command, caller) in commands.iter().zip(callers) {
            if caller.answer.is_closed() {
                continue;
            }
            let answers = match &outage {
                Some(reason) => vec![Err(unavailable(reason).into())],
                None => {
                    let (command, caller) = (std::slice::from_ref(command), std::slice::from_ref(&caller));
                    let connection = self.reach(kept).await;
                    let alone = self.apply(connection, kept, command, caller).await;
                    outage = alone.as_ref().err().and_then(Failure::outage);
                    alone.unwrap_or_else(|failure| vec![Err(failure.into_error().into())])
                }
            };
            send_all(vec![caller], answers);
        }
    }

    /// Once more at once if it lost to a deadlock.
    async fn apply(
        &self,
        connection: Result<Autocommit, Failure>,
        kept: &mut Option<Autocommit>,
        commands: &[W::Command],
        callers: &[Caller<W>],
    ) -> Result<Answers<W>, Failure> {
        match self.apply_once(connection?, kept, commands, callers).await {
            Err(Failure::Database(error)) if db::is_transient(&error) => {
                self.apply_once(self.reach(kept).await?, kept, commands, callers).await
            }
            applied => applied,
        }
    }

    async fn apply_once(
        &self,
        mut connection: Autocommit,
        kept: &mut Option<Autocommit>,
        commands: &[W::Command],
        callers: &[Caller<W>],
    ) -> Result<Answers<W>, Failure> {
        // No longer than the database is known to be there.
        let applying = self.write.while_there(async { self.work.apply(&mut connection, commands).await });
        let applied = AssertUnwindSafe(tokio::time::timeout(DEADLINE, applying)).catch_unwind().await;
        let failure = match applied {
            Ok(Ok(Ok(answers))) if answers.len() == commands.len() => {
                let requests: Vec<_> = callers.iter().filter_map(|caller| caller.request.clone()).collect();
                kept.insert(connection).committed_for(&requests).await;
                return Ok(answers);
            }
            Ok(Ok(Err(error))) if !db::is_unavailable(&error) => {
                *kept = Some(connection);
                return Err(error.into());
            }
            Ok(Ok(Err(error))) => error.into(),
            Ok(Err(_)) => timed_out().into(),
            Err(_) if !connection.may_have_told() => Failure::Panicked,
            // It may have been committed: nobody is to be tried again.
            Ok(Ok(Ok(_))) | Err(_) => sqlx::Error::WorkerCrashed.into(),
        };
        connection.give_up();
        Err(failure)
    }
}

impl<W: Work> Queue<W> {
    /// How many wait; with `None` the work is done until somebody comes.
    fn next_or_end(&mut self) -> Option<usize> {
        let waiting = self.waiting.len();
        self.is_worked_off = waiting > 0;
        self.is_worked_off.then_some(waiting)
    }

    /// The next commands that somebody still waits for.
    fn take(&mut self, count: usize) -> Vec<Waiting<W>> {
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

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Failure {
    /// What keeps everybody waiting, if that is it.
    fn outage(&self) -> Option<String> {
        match self {
            Self::Database(error) if db::is_unavailable(error) => Some(error.to_string()),
            _ => None,
        }
    }

    fn into_error(self) -> sqlx::Error {
        match self {
            Self::Panicked => sqlx::Error::WorkerCrashed,
            Self::Database(error) => error,
        }
    }
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

fn unavailable(reason: &str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::other(reason.to_owned()))
}

fn send_all<W: Work>(callers: Vec<Caller<W>>, answers: Vec<Result<W::Answer, W::Error>>) {
    for (caller, answer) in callers.into_iter().zip(answers) {
        // A caller that is gone is not interested.
        let _unheard = caller.answer.send(answer);
    }
}

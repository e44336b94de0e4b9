//! Commands that arrive together are committed together.
//!
//! A commit costs the same for one command as for fifty. So whoever finds nobody at work begins at once, and what arrives meanwhile
//! waits and goes together in the next transaction. One command alone is a batch of one: there is no other way.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::consistency::{self, Consistency};
use crate::{Tx, WritePool, db};

/// So many commands at most go into one transaction.
const BATCH_MAX: usize = 256;
/// So many transactions of one kind of command at most are under way: while one waits for the disk, another works.
const BATCHES_AT_ONCE: usize = 2;

/// What comes of commands: an answer to each, in their order.
pub type Applying<'a, Answer, Error> = BoxFuture<'a, Result<Vec<Result<Answer, Error>>, sqlx::Error>>;

const YIELDS: usize = 3;

/// One kind of command, applied in sets.
pub trait Work: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    type Answer: Send + 'static;
    type Error: From<sqlx::Error> + Send + 'static;

    /// Applies all commands in the given transaction and answers each, in their order. The command of an answer that is an error has
    /// changed nothing. An `Err` for the whole: nothing is committed, and each command is tried alone.
    fn apply<'a>(&'a self, tx: &'a mut Tx, commands: &'a [Self::Command]) -> Applying<'a, Self::Answer, Self::Error>;
}

/// Takes commands of one kind. Clones share the queue.
pub struct Batcher<W: Work> {
    inner: Arc<Inner<W>>,
}

struct Inner<W: Work> {
    work: W,
    write: WritePool,
    queue: Mutex<Queue<W>>,
}

struct Queue<W: Work> {
    waiting: VecDeque<Waiting<W>>,
    batches: usize,
}

struct Waiting<W: Work> {
    command: W::Command,
    caller: Caller<W>,
}

struct Caller<W: Work> {
    answer: oneshot::Sender<Result<W::Answer, W::Error>>,
    request: Option<Arc<Consistency>>,
}

impl<W: Work> Clone for Batcher<W> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<W: Work> Batcher<W> {
    #[must_use]
    pub fn new(write: WritePool, work: W) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), batches: 0 });
        Self { inner: Arc::new(Inner { work, write, queue }) }
    }

    /// Answers after the commit. A caller that goes away before its command was begun has not asked for anything; afterwards the
    /// command is carried out to its end.
    ///
    /// # Errors
    /// The command's own, or the database's.
    pub async fn run(&self, command: W::Command) -> Result<W::Answer, W::Error> {
        let (answer, answered) = oneshot::channel();
        let caller = Caller { answer, request: consistency::current() };
        let is_needed = {
            let mut queue = self.inner.queue();
            queue.waiting.push_back(Waiting { command, caller });
            let is_needed = queue.batches < BATCHES_AT_ONCE;
            queue.batches += usize::from(is_needed);
            is_needed
        };
        if is_needed {
            tokio::spawn(Arc::clone(&self.inner).work_off());
        }
        // Without an answer the batch has panicked, which is logged where that happened.
        answered.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }
}

impl<W: Work> Inner<W> {
    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One batch after the other until nothing waits.
    async fn work_off(self: Arc<Self>) {
        loop {
            // Whoever was answered together asks again together: those who are about to get their turn come along.
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            let (commands, callers) = {
                let mut queue = self.queue();
                let ready = queue.waiting.len().min(BATCH_MAX);
                if ready == 0 {
                    queue.batches -= 1;
                    return;
                }
                let taken = queue.waiting.drain(..ready).filter(|waiting| !waiting.caller.answer.is_closed());
                taken.map(|waiting| (waiting.command, waiting.caller)).unzip::<_, _, Vec<_>, Vec<_>>()
            };
            metrics::histogram!("piecework_batch_commands", "schema" => self.write.schema())
                .record(commands.len() as f64);
            // Whoever waits for a batch that panics is told so by the end of its channel.
            let _panicked = AssertUnwindSafe(self.answer(commands, callers)).catch_unwind().await;
        }
    }

    async fn answer(&self, commands: Vec<W::Command>, callers: Vec<Caller<W>>) {
        let error = match self.apply(&commands, &callers).await {
            Ok(answers) => return send_all(callers, answers),
            Err(error) => error,
        };
        let error = if db::is_transient(&error) {
            match self.apply(&commands, &callers).await {
                Ok(answers) => return send_all(callers, answers),
                Err(error) => error,
            }
        } else {
            error
        };
        // Where nobody is at fault, the others would only wait for the same.
        if db::is_unavailable(&error) {
            let text = error.to_string();
            let unavailable = |_: &_| Err(sqlx::Error::Io(std::io::Error::other(text.clone())).into());
            let answers = commands.iter().map(unavailable).collect();
            return send_all(callers, answers);
        }
        if commands.len() == 1 {
            return send_all(callers, vec![Err(error.into())]);
        }
        for (command, caller) in commands.into_iter().zip(callers) {
            Box::pin(self.answer(vec![command], vec![caller])).await;
        }
    }

    async fn apply(
        &self,
        commands: &[W::Command],
        callers: &[Caller<W>],
    ) -> Result<Vec<Result<W::Answer, W::Error>>, sqlx::Error> {
        let mut tx = self.write.begin().await?;
        let answers = self.work.apply(&mut tx, commands).await?;
        let requests: Vec<_> = callers.iter().filter_map(|caller| caller.request.clone()).collect();
        tx.commit_for(&requests).await?;
        Ok(answers)
    }
}

fn send_all<W: Work>(callers: Vec<Caller<W>>, answers: Vec<Result<W::Answer, W::Error>>) {
    for (caller, answer) in callers.into_iter().zip(answers) {
        // A caller that is gone is not interested.
        let _unheard = caller.answer.send(answer);
    }
}

//! A subscriber that records the number of each event it applies, and that can be made to fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::{Event, Fact};
use futures_util::future::BoxFuture;
use harness::eventually;
use kernel::events::inbox::{ApplyError, Inbox, RetryPolicy, Subscriber};
use kernel::{Tx, WritePool};
use sqlx::AssertSqlSafe;
use tokio::sync::Semaphore;

use crate::facts::{Counted, counted};

/// What the subscriber does with an event that has a certain number.
#[derive(Clone)]
pub enum Behaviour {
    Fails(&'static str),
    Panics(&'static str),
    GivesUp(&'static str),
    /// Waits until the semaphore has a permit.
    Waits(Arc<Semaphore>),
}

/// The subscriber with its inbox. No key of its table prevents a second effect of the same number.
pub struct TestSubscriber {
    pub inbox: Arc<Inbox>,
    write: WritePool,
    counter: Arc<Counter>,
}

struct Counter {
    name: &'static str,
    behaviours: Mutex<HashMap<i64, Behaviour>>,
}

/// A row of an inbox.
#[derive(Debug, sqlx::FromRow)]
pub struct InboxRow {
    pub state: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub pause_ms: Option<i64>,
    pub discard_reason: Option<String>,
}

impl TestSubscriber {
    pub fn new(write: WritePool, policy: RetryPolicy) -> Self {
        let counter = Arc::new(Counter { name: write.schema(), behaviours: Mutex::default() });
        let subscriber = Arc::clone(&counter);
        let inbox = Arc::new(Inbox::new(subscriber, write.clone(), policy));
        Self { inbox, write, counter }
    }

    /// Sets the behaviour for a number.
    pub fn set(&self, number: i64, behaviour: Behaviour) {
        self.counter.behaviours.lock().unwrap().insert(number, behaviour);
    }

    /// Applies all later events.
    pub fn clear(&self) {
        self.counter.behaviours.lock().unwrap().clear();
    }

    /// The number of each effect, in order.
    pub async fn effects(&self) -> Vec<i64> {
        let statement = format!("select number from {}.effects order by number", self.write.schema());
        let mut connection = self.write.acquire().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut *connection).await.unwrap()
    }

    /// Waits until at least `count` events have taken effect.
    pub async fn wait_for(&self, count: usize) {
        let enough = async || (self.effects().await.len() >= count).then_some(());
        eventually(&format!("{count} effects at {}", self.write.schema()), enough).await;
    }

    /// The inbox row of the event with this number. Its pause is counted from the current time.
    pub async fn inbox_row(&self, number: i64) -> Option<InboxRow> {
        let statement = format!(
            "select state, attempts, last_error, discard_reason,
                 (extract(epoch from next_attempt_at - $2) * 1000)::bigint as pause_ms
             from {}.inbox
             where event_id = $1",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await.unwrap();
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(counted(number).id.uuid())
            .bind(self.write.ambient().now())
            .fetch_optional(&mut *connection)
            .await
            .unwrap()
    }

    /// Waits until the event has had this number of failed attempts.
    pub async fn wait_for_attempts(&self, number: i64, attempts: i32) -> InboxRow {
        let attempted = async || self.inbox_row(number).await.filter(|row| row.attempts == attempts);
        eventually(&format!("attempt {attempts} of {number}"), attempted).await
    }
}

impl Subscriber for Counter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn event_types(&self) -> &'static [&'static str] {
        &[Counted::TYPE]
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut numbers = Vec::with_capacity(events.len());
            for event in events {
                numbers.push(event.fact::<Counted>()?.number);
            }
            // The effect comes first, so that a later failure must undo it.
            let statement = format!("insert into {}.effects (number) select * from unnest($1::bigint[])", self.name);
            sqlx::query(AssertSqlSafe(statement)).bind(&numbers).execute(&mut **tx).await?;
            for number in numbers {
                let behaviour = self.behaviours.lock().unwrap().get(&number).cloned();
                match behaviour {
                    None => {}
                    Some(Behaviour::Fails(reason)) => return Err(ApplyError::Retry(reason.to_owned())),
                    Some(Behaviour::GivesUp(reason)) => return Err(ApplyError::GiveUp(reason.to_owned())),
                    Some(Behaviour::Panics(reason)) => std::panic::panic_any(reason),
                    Some(Behaviour::Waits(gate)) => gate.acquire().await.unwrap().forget(),
                }
            }
            Ok(())
        })
    }
}

/// A policy with a time limit for the subscriber.
pub fn with_apply_timeout(apply_timeout: Duration) -> RetryPolicy {
    RetryPolicy { apply_timeout_ms: u64::try_from(apply_timeout.as_millis()).unwrap(), ..RetryPolicy::default() }
}

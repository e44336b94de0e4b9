//! The replay: a module publishes the facts in its tables again, for subscribers that have lost
//! them. The unique keys of the subscribers make a fact that they know harmless.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::Fact;

use super::relay::wait_for_delivery;
use crate::db::DbError;
use crate::{Tx, WritePool};

/// A replay waits while this number of facts or more is in the outbox of its module.
const FACTS_AHEAD_MAX: i64 = 4_000;
/// How long a replay waits for its subscribers before it publishes further facts.
const DELIVERY_WAIT_MAX: Duration = Duration::from_secs(60);

/// One replay, as each module gets it. Clones report to the same observer.
#[derive(Clone)]
pub struct Replay {
    since: Option<DateTime<Utc>>,
    observe: Arc<dyn Fn(&'static str, usize) + Send + Sync>,
}

impl Replay {
    /// A replay of the facts since a time, or of all facts. `observe` is called with the type of
    /// event and the number of facts after each commit.
    #[must_use]
    pub fn new(since: Option<DateTime<Utc>>, observe: impl Fn(&'static str, usize) + Send + Sync + 'static) -> Self {
        Self { since, observe: Arc::new(observe) }
    }

    /// Whether a fact of this time is published again.
    #[must_use]
    pub fn covers(&self, occurred_at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= occurred_at)
    }

    /// Publishes facts in a transaction of their own, each in an event with a new id. Then it waits
    /// until the subscribers have caught up, so that the outbox stays small.
    ///
    /// # Errors
    /// The database does not take them.
    pub async fn publish_again<F: Fact>(&self, write: &WritePool, facts: &[F]) -> Result<(), DbError> {
        if facts.iter().all(|fact| fact.weight() == 0) {
            return Ok(());
        }
        self.publish_and_commit(write, write.begin().await?, facts).await
    }

    /// Like `publish_again`, in a transaction in which the caller has changed rows. Commits it.
    ///
    /// # Errors
    /// The database does not take them.
    pub async fn publish_and_commit<F: Fact>(&self, write: &WritePool, mut tx: Tx, facts: &[F]) -> Result<(), DbError> {
        let number: usize = facts.iter().map(Fact::weight).sum();
        tx.emit_all(facts).await?;
        tx.commit().await?;
        (self.observe)(F::TYPE, number);
        wait_for_delivery(write, FACTS_AHEAD_MAX, DELIVERY_WAIT_MAX).await
    }
}

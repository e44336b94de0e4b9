//! Records of the audit trail that no transaction causes: refusals. They wait in a bounded queue
//! until they are in an outbox. If the queue is full, a record is dropped and counted, because a
//! refusal must cost less than the request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::events::audit::AuditRecorded;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::shutdown::ShutdownSignal;
use kernel::{DbError, WritePool};
use tokio::sync::mpsc;

/// Maximum number of records that wait.
const WAITING_MAX: usize = 1_000;
/// Maximum number of records in one transaction.
const BATCH_MAX: usize = 100;
/// A refusal that repeats an earlier one of the same client within this time is not recorded again.
const REPEATED_WITHIN: chrono::Duration = chrono::Duration::minutes(1);
/// Maximum number of refusals that are remembered to recognise repeated ones.
const REMEMBERED_MAX: usize = 10_000;
/// The pause after the database did not take the records.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

static DELAYED: Repeated = Repeated::new();

/// The queue. Clones share it.
#[derive(Clone)]
pub struct AuditQueue {
    sender: mpsc::Sender<AuditRecorded>,
    waiting: Arc<tokio::sync::Mutex<Waiting>>,
    recent: Arc<Mutex<HashMap<String, DateTime<Utc>>>>,
    is_dropping: Arc<AtomicBool>,
}

/// The records that are not in an outbox yet.
struct Waiting {
    receiver: mpsc::Receiver<AuditRecorded>,
    /// The records of the transaction that has failed last.
    batch: Vec<AuditRecorded>,
}

impl Default for AuditQueue {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self {
            sender,
            waiting: Arc::new(tokio::sync::Mutex::new(Waiting { receiver, batch: Vec::new() })),
            recent: Arc::default(),
            is_dropping: Arc::default(),
        }
    }
}

impl AuditQueue {
    /// Adds a record, unless it repeats one of the last minute. It does not wait.
    pub fn record(&self, record: AuditRecorded) {
        if self.is_repeated(&record) {
            return;
        }
        let is_full = self.sender.try_send(record).is_err();
        if is_full {
            metrics::counter!("piecework_audit_records_dropped_total").increment(1);
        }
        if is_full && !self.is_dropping.swap(true, Ordering::Relaxed) {
            tracing::warn!("refusals come faster than the audit trail takes them; some are only in the log");
        }
    }

    fn is_repeated(&self, record: &AuditRecorded) -> bool {
        let AuditRecorded { occurred_at, action, actor, address, details, .. } = record;
        let (key, now) = (format!("{action} {actor:?} {address:?} {details:?}"), *occurred_at);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.get(&key).is_some_and(|last| now - *last < REPEATED_WITHIN) {
            return true;
        }
        if recent.len() >= REMEMBERED_MAX {
            recent.retain(|_, last| now - *last < REPEATED_WITHIN);
        }
        if recent.len() < REMEMBERED_MAX {
            recent.insert(key, now);
        }
        false
    }

    /// Publishes the records through the outbox of `write` until the shutdown, and then those that
    /// wait.
    pub async fn run(self, write: WritePool, mut shutdown: ShutdownSignal) {
        let mut waiting = self.waiting.lock().await;
        while shutdown.or(waiting.fill()).await.is_some() {
            if let Err(error) = waiting.store(&write).await {
                if let Some(suppressed) = DELAYED.due("") {
                    tracing::warn!(%error, suppressed, "refusals could not be recorded and will be retried");
                }
                if shutdown.or(tokio::time::sleep(RETRY_PAUSE)).await.is_none() {
                    break;
                }
            } else {
                self.is_dropping.store(false, Ordering::Relaxed);
            }
        }
        waiting.receiver.close();
        loop {
            waiting.fill().await;
            if waiting.batch.is_empty() {
                break;
            }
            if let Err(error) = waiting.store(&write).await {
                tracing::warn!(%error, "refusals could not be recorded before the stop");
                break;
            }
        }
    }
}

impl Waiting {
    /// Waits for records, unless some have to be published again. None come after the queue was
    /// closed.
    async fn fill(&mut self) {
        if self.batch.is_empty() {
            self.receiver.recv_many(&mut self.batch, BATCH_MAX).await;
        }
    }

    async fn store(&mut self, write: &WritePool) -> Result<(), DbError> {
        let mut tx = write.begin().await?;
        tx.emit_all(&self.batch).await?;
        tx.commit().await?;
        self.batch.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Actor, AuditAction};

    use super::*;

    fn refusal(code: &str, occurred_at: DateTime<Utc>) -> AuditRecorded {
        AuditRecorded {
            occurred_at,
            action: AuditAction::Refused.as_str().to_owned(),
            actor: Actor::Anonymous,
            address: None,
            subject: None,
            details: [("code".to_owned(), code.to_owned())].into(),
            request_id: None,
        }
    }

    #[tokio::test]
    async fn a_repeated_refusal_is_recorded_once_a_minute_and_a_full_queue_drops() {
        let queue = AuditQueue::default();
        let start = DateTime::UNIX_EPOCH;
        let waiting = || WAITING_MAX - queue.sender.capacity();
        for (code, seconds, expected) in [("a", 0, 1), ("a", 59, 1), ("b", 59, 2), ("a", 60, 3)] {
            queue.record(refusal(code, start + chrono::Duration::seconds(seconds)));
            assert_eq!(waiting(), expected);
        }
        for number in 0..2 * WAITING_MAX {
            queue.record(refusal(&number.to_string(), start));
        }
        assert_eq!(waiting(), WAITING_MAX);
        assert!(queue.is_dropping.load(Ordering::Relaxed));
    }
}

//! Reports once that the mail server refuses this installation, and not for each mail.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

/// Time after which an outage that continues is logged again.
const LOG_AGAIN_AFTER: Duration = Duration::hours(1);

/// Whether the mail server refuses this installation.
#[derive(Default)]
pub(crate) struct Outage {
    current: Mutex<Option<Current>>,
}

/// An outage that has not ended.
struct Current {
    since: DateTime<Utc>,
    logged_at: DateTime<Utc>,
    /// Number of refused attempts.
    attempts: u64,
}

impl Outage {
    /// Counts a refused attempt. The first one of an outage is logged as an error.
    pub fn report(&self, fault: &str, now: DateTime<Utc>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        metrics::gauge!("piecework_mail_server_refuses").set(1.0);
        let outage = current.get_or_insert(Current { since: now, logged_at: DateTime::<Utc>::MIN_UTC, attempts: 0 });
        outage.attempts += 1;
        if now.signed_duration_since(outage.logged_at) >= LOG_AGAIN_AFTER {
            outage.logged_at = now;
            let (since, attempts) = (outage.since, outage.attempts);
            tracing::error!(%fault, %since, attempts, "the mail server refuses this installation; no mail is sent: an admin must act");
        }
    }

    /// Ends the outage, because the server has accepted a mail.
    pub fn end(&self, now: DateTime<Utc>) {
        let ended = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        metrics::gauge!("piecework_mail_server_refuses").set(0.0);
        if let Some(Current { since, attempts, .. }) = ended {
            let seconds = now.signed_duration_since(since).num_seconds();
            tracing::info!(seconds, attempts, "the mail server accepts mail again");
        }
    }
}

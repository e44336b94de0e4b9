//! The background jobs of accounting: they close the business days that are over, seal closed days,
//! and delete old answers to commands.

use std::sync::Arc;
use std::time::Duration;

use kernel::runtime::jobs::Job;
use kernel::runtime::retention;

use crate::service::Accounting;

/// Time between two checks whether a business day is over.
const DUE_DAYS_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two searches for closed days without a seal. A seal is in no hurry, and it should
/// not compete with the mails of a close.
const SEALS_INTERVAL: Duration = Duration::from_secs(300);

/// Closes the business days that are over.
pub fn close_days(accounting: Accounting) -> Job {
    // No commit makes a day due; only the clock does. So nothing signals this job.
    let wake = Arc::default();
    Job::new("accounting.close_days", DUE_DAYS_INTERVAL, wake, move || {
        let accounting = accounting.clone();
        async move { accounting.close_next_due_day().await }
    })
}

/// Seals the closed days that have no seal, one in each run.
pub fn seal_days(accounting: Accounting) -> Job {
    Job::new("accounting.seal_days", SEALS_INTERVAL, Arc::default(), move || {
        let accounting = accounting.clone();
        async move { accounting.seal_next_day().await }
    })
}

/// Deletes the answers to commands with an idempotency key that were kept long enough.
pub fn prune_idempotency_keys(accounting: &Accounting) -> Job {
    retention::prune_idempotency_keys("accounting.prune_idempotency_keys", accounting.write.clone())
}

//! The background jobs of accounting: they close the business days that are over, and delete old
//! answers to commands.

use std::sync::Arc;
use std::time::Duration;

use kernel::runtime::jobs::Job;
use kernel::runtime::retention;

use crate::service::Accounting;

/// Time between two checks whether a business day is over.
const DUE_DAYS_INTERVAL: Duration = Duration::from_secs(5);

/// Closes the business days that are over.
pub fn close_days(accounting: Accounting) -> Job {
    // No commit makes a day due; only the clock does. So nothing signals this job.
    let wake = Arc::default();
    Job::new("accounting.close_days", DUE_DAYS_INTERVAL, wake, move || {
        let accounting = accounting.clone();
        async move { accounting.close_next_due_day().await }
    })
}

/// Deletes the answers to commands with an idempotency key that were kept long enough.
pub fn prune_idempotency_keys(accounting: &Accounting) -> Job {
    retention::prune_idempotency_keys("accounting.prune_idempotency_keys", accounting.write.clone())
}

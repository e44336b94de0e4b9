//! The module's background jobs: they deliver the mails that are due, and delete old texts of mails
//! and old answers to commands.

use std::sync::Arc;
use std::time::Duration;

use kernel::runtime::jobs::Job;
use kernel::runtime::retention;

use crate::Email;

/// How often the job looks for mails whose pause is over. A new mail wakes the job at once.
const INTERVAL: Duration = Duration::from_secs(5);

/// Time between two runs of the job that deletes texts, if no batch was full.
const DELETE_TEXTS_INTERVAL: Duration = Duration::from_secs(60 * 60);

pub(crate) fn deliver_due_mails(email: &Email) -> Job {
    let wake = Arc::clone(&email.inner.wake);
    let email = email.clone();
    Job::new("email.send", INTERVAL, wake, move || {
        let email = email.clone();
        async move { email.deliver_due_mails().await }
    })
}

/// Deletes the texts of mails that were sent long ago.
pub(crate) fn delete_old_texts(email: &Email) -> Job {
    let email = email.clone();
    Job::new("email.delete_old_texts", DELETE_TEXTS_INTERVAL, Arc::default(), move || {
        let email = email.clone();
        async move { email.delete_old_texts().await }
    })
}

/// Deletes the answers to commands with an idempotency key that were kept long enough.
pub(crate) fn prune_idempotency_keys(email: &Email) -> Job {
    retention::prune_idempotency_keys("email.prune_idempotency_keys", email.inner.write.clone())
}

//! The one piece of long work: sending what is due.

use std::sync::Arc;
use std::time::Duration;

use kernel::jobs::Job;

use crate::Email;

/// How often to look for mail whose pause is over; new mail wakes the job by itself.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) fn send(email: &Email) -> Job {
    let wake = Arc::clone(&email.inner().wake);
    let email = email.clone();
    Job::new("email.send", EVERY, wake, move || {
        let email = email.clone();
        async move { email.send_due().await }
    })
}

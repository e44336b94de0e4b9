//! The background work of the module: it answers requests for links and deletes expired rows.

use std::sync::Arc;
use std::time::Duration;

use kernel::runtime::jobs::{Job, Outcome};
use kernel::runtime::retention;
use tokio::sync::Notify;

use crate::{Error, Identity};

/// Time between two runs of the prune job.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Time between two runs of the job that answers requests for links. A request wakes it in its own
/// process; a later run finds what a process that has died has left.
const RESETS_INTERVAL: Duration = Duration::from_secs(60);

/// Mails links to people who have forgotten their password.
pub(crate) fn answer_password_resets(identity: Identity) -> Job {
    let wake = Arc::clone(&identity.inner.reset_requested);
    Job::new("identity.password_resets", RESETS_INTERVAL, wake, move || {
        let identity = identity.clone();
        async move { identity.answer_password_resets().await }
    })
}

/// Deletes expired refresh tokens, sessions, one-time links, API tokens, signing keys and used
/// logins, and full buckets of failed logins.
pub(crate) fn prune(identity: Identity) -> Job {
    Job::new("identity.prune", PRUNE_INTERVAL, Arc::new(Notify::new()), move || {
        let identity = identity.clone();
        async move {
            let sessions_remain = identity.prune_sessions().await?;
            let links_remain = identity.prune_links().await? | identity.prune_link_mails().await?;
            let tokens_remain = identity.prune_api_tokens().await?;
            let limits_remain = identity.prune_login_limits().await?;
            identity.prune_keys().await?;
            let states_remain = identity.prune_sso_states().await?;
            let rows_remain = sessions_remain || links_remain || tokens_remain || limits_remain || states_remain;
            Ok::<Outcome, Error>(if rows_remain { Outcome::More } else { Outcome::Idle })
        }
    })
}

/// Deletes the answers to commands with an idempotency key that were kept long enough.
pub(crate) fn prune_idempotency_keys(identity: &Identity) -> Job {
    retention::prune_idempotency_keys("identity.prune_idempotency_keys", identity.write.clone())
}

//! Work in the background: forgetting what has expired.

use std::sync::Arc;
use std::time::Duration;

use kernel::jobs::{Job, Outcome};
use tokio::sync::Notify;

use crate::{Error, Identity};

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Deletes expired refresh tokens, sessions and links, hourly.
pub(crate) fn prune(identity: Identity) -> Job {
    Job::new("identity.prune", EVERY, Arc::new(Notify::new()), move || {
        let identity = identity.clone();
        async move {
            let more = identity.prune().await?;
            Ok::<Outcome, Error>(if more { Outcome::More } else { Outcome::Idle })
        }
    })
}

//! The job that deletes answers to commands with an idempotency key after the time that they are
//! kept.

use std::sync::Arc;
use std::time::Duration;

use super::jobs::{Job, Outcome};
use crate::{DbError, WritePool};

/// Time between two runs of the job.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The job of the module that writes with `write`.
#[must_use]
pub fn prune_idempotency_keys(name: &'static str, write: WritePool) -> Job {
    Job::new(name, PRUNE_INTERVAL, Arc::default(), move || {
        let write = write.clone();
        async move {
            let may_have_more = write.prune_idempotency_keys().await?;
            Ok::<Outcome, DbError>(if may_have_more { Outcome::More } else { Outcome::Idle })
        }
    })
}

//! The service of the tasks module: the state that its use cases share.

use std::sync::Arc;

use contracts::Currency;
use kernel::http::rate_limit::RatePolicy;
use kernel::runtime::batch::Batcher;
use kernel::{ReadPool, WritePool};
use tokio::sync::Notify;

use crate::command_batches::{CompleteTaskHandler, CreateTaskHandler};
use crate::settings::Settings;
use crate::throttle::Throttle;

/// The tasks module. Clones share one state.
#[derive(Clone)]
pub struct Tasks {
    /// The pool for statements that write, and for reads that no replica may answer.
    pub(crate) write: WritePool,
    /// The pool for all other reads.
    pub(crate) read: ReadPool,
    /// The queue of creations.
    pub(crate) create: Batcher<CreateTaskHandler>,
    /// The queue of completions.
    pub(crate) complete: Batcher<CompleteTaskHandler>,
    /// The settings of the module.
    pub(crate) settings: Settings,
    /// The currency of a sum of prices, also of an empty sum.
    pub(crate) currency: Currency,
    /// Signalled when a run is requested or when a blocked run may continue.
    pub(crate) run_wanted: Arc<Notify>,
    /// Signalled when a run of this process makes progress.
    pub(crate) progress: Arc<Notify>,
    /// Slows a run down while users are active.
    pub(crate) throttle: Throttle,
    /// How many unfinished runs a person may have. `None`: any number.
    pub(crate) unfinished_runs: Option<RatePolicy>,
}

impl Tasks {
    /// Builds the service. The batches of its commands run on the runtime that calls this.
    #[must_use]
    pub fn new(write: WritePool, read: ReadPool, settings: Settings, currency: Currency) -> Self {
        Self {
            create: Batcher::new(write.clone(), CreateTaskHandler::default()),
            complete: Batcher::new(write.clone(), CompleteTaskHandler),
            write,
            read,
            settings,
            currency,
            run_wanted: Arc::default(),
            progress: Arc::default(),
            throttle: Throttle::default(),
            unfinished_runs: None,
        }
    }

    /// The same service, in which a person may have this number of unfinished runs; 0 is no limit.
    #[must_use]
    pub fn with_unfinished_runs(mut self, limit: u32) -> Self {
        let policy = RatePolicy { name: "unfinished_reassigns", quota: limit, window_s: 0 };
        self.unfinished_runs = (limit > 0).then_some(policy);
        self
    }
}

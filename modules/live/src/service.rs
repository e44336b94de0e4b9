//! The service: what every use case shares.

use std::sync::Arc;

use kernel::ReadPool;

use crate::feed::Feed;

/// Shows people that something of theirs has changed, from the read pools of both databases.
/// Clones share the streams.
#[derive(Clone)]
pub struct Live {
    pub(crate) tasks: ReadPool,
    pub(crate) accounting: ReadPool,
    pub(crate) feed: Arc<Feed>,
}

impl Live {
    /// `tasks` and `accounting` read the report views of these modules. Nothing is connected yet.
    #[must_use]
    pub fn new(tasks: ReadPool, accounting: ReadPool) -> Self {
        Self { tasks, accounting, feed: Arc::default() }
    }
}

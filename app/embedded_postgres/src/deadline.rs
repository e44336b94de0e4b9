//! Waiting that ends.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often something that cannot wake us is looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A moment after which one no longer waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    pub(crate) fn passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Looks until the condition holds; `false` when the deadline came first.
    pub(crate) fn wait_for(self, mut condition: impl FnMut() -> bool) -> bool {
        loop {
            if condition() {
                return true;
            }
            if self.passed() {
                return false;
            }
            sleep(POLL_INTERVAL);
        }
    }
}

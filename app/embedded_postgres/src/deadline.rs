//! Waits for a condition until a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time between two checks of a condition that sends no notification.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The end of a wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    pub(crate) fn passed(self) -> bool {
        Instant::now() >= self.0
    }

    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Checks the condition until it holds. `false`: the deadline passed first.
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

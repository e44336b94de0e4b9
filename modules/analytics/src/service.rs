//! The service: what every use case shares.

use kernel::{Ambient, ReadPool};

/// Figures across modules for admins, from the read pools of both databases (DOMAIN N1 to N4).
#[derive(Clone)]
pub struct Analytics {
    pub(crate) tracker: ReadPool,
    pub(crate) accounting: ReadPool,
    pub(crate) ambient: Ambient,
}

impl Analytics {
    /// `tracker` and `accounting` are read pools of the two databases. Nothing is connected yet.
    #[must_use]
    pub const fn new(tracker: ReadPool, accounting: ReadPool, ambient: Ambient) -> Self {
        Self { tracker, accounting, ambient }
    }
}

//! The settings of the tasks module.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

/// Settings of the section `tasks`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Number of tasks that one transaction of a reassign run assigns.
    pub reassign_chunk: NonZeroU16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { reassign_chunk: NonZeroU16::new(2_000).unwrap_or(NonZeroU16::MIN) }
    }
}

//! What a verification of the live data finds.

use serde::Serialize;

/// A row that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    /// The invariant's number in DOMAIN, 'What must hold'.
    pub invariant: u8,
    /// Which row, and what is wrong with it.
    pub detail: String,
}

impl Finding {
    pub fn new(invariant: u8, detail: impl Into<String>) -> Self {
        Self { invariant, detail: detail.into() }
    }
}

//! The findings of a verification of the live data.

use std::fmt;

use serde::{Serialize, Serializer};

/// A row that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    /// The number of the invariant in `modules/DOMAIN.md`, section "Invariants of the data".
    pub invariant: u8,
    /// The row, and how it breaks the invariant.
    pub detail: String,
    /// What a person does about it.
    pub remedy: Remedy,
}

/// What a person does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Remedy {
    /// A module lacks facts that another one has.
    Replay,
    /// A module has applied facts that do not exist.
    Reconcile,
    /// The data of one database contradict each other, which a lost database does not explain.
    Examine,
}

impl Finding {
    pub fn new(invariant: u8, detail: impl Into<String>, remedy: Remedy) -> Self {
        Self { invariant, detail: detail.into(), remedy }
    }
}

impl Remedy {
    /// The remedy in a few words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "piecework events replay",
            Self::Reconcile => "piecework reconcile",
            Self::Examine => "examine the database",
        }
    }

    /// What the remedy does.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Replay => {
                "it publishes the facts of every module again; what a module has already is not applied twice"
            }
            Self::Reconcile => "it lists what is booked without a fact; with --apply it reverses that. Replay first",
            Self::Examine => {
                "no command changes it: stop the servers, keep a copy, and find who or what has changed the rows; a \
                 backup in which `verify` holds can be restored"
            }
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Remedy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

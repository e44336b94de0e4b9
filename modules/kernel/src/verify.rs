//! What a verification of the live data reads, and its findings.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

/// The server on which a verification reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Server {
    /// The primary. Each query sees every commit.
    #[default]
    Primary,
    /// A replica. The queries of one connection see one state, which includes everything that was
    /// committed before the connection was opened.
    Replica,
}

/// What a verification checks in full, and where it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The server.
    pub server: Server,
    /// The first day that is checked in full. What was recorded of earlier days is trusted.
    pub first_date: NaiveDate,
    /// When that day began.
    pub begins_at: DateTime<Utc>,
}

impl Scope {
    /// Every day is checked in full.
    #[must_use]
    pub fn everything(server: Server) -> Self {
        let begins_at = DateTime::UNIX_EPOCH;
        Self { server, first_date: begins_at.date_naive(), begins_at }
    }

    /// Whether every day is checked in full.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::everything(self.server)
    }
}

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

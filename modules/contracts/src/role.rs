//! The four roles (`modules/DOMAIN.md`, "People").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role of a person. Each person has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Completes tasks.
    Worker,
    /// Completes tasks and keeps the books.
    Accountant,
    /// Requests reassigns.
    Manager,
    /// Manages people and operates the system.
    Admin,
}

/// The text names no role.
#[derive(Debug, thiserror::Error)]
#[error("a role is one of worker, accountant, manager, admin")]
pub struct InvalidRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Accountant, Self::Manager, Self::Admin];

    /// The name in JSON, in files and in the databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Accountant => "accountant",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// Whether a task can be assigned to an active person of this role (DOMAIN, 'assignable').
    #[must_use]
    pub const fn is_assignable(self) -> bool {
        matches!(self, Self::Worker | Self::Accountant)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}

//! The four roles (DOMAIN, 'The people').

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everybody has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Worker,
    Accountant,
    Manager,
    Admin,
}

#[derive(Debug, thiserror::Error)]
#[error("a role is one of worker, accountant, manager, admin")]
pub struct InvalidRole;

impl Role {
    pub const ALL: [Self; 4] = [Self::Worker, Self::Accountant, Self::Manager, Self::Admin];

    /// The name used in JSON, in files and in the databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Accountant => "accountant",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// Whether an active person of this role may be drawn for a task (DOMAIN, 'assignable').
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

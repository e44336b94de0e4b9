//! How the tokens of a session travel.

use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

/// How a client keeps and sends the tokens of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// In the header `Authorization`: a program, which keeps the tokens itself.
    Bearer,
    /// In cookies, which a browser keeps and sends by itself.
    Cookie,
}

/// The text names no carrier.
#[derive(Debug, thiserror::Error)]
#[error("a carrier is bearer or cookie")]
pub struct InvalidCarrier;

impl Carrier {
    /// The name in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Cookie => "cookie",
        }
    }
}

impl FromStr for Carrier {
    type Err = InvalidCarrier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Bearer, Self::Cookie].into_iter().find(|carrier| carrier.as_str() == text).ok_or(InvalidCarrier)
    }
}

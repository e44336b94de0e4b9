//! A text that must not be logged.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret as part of an event or of a stored value. It is written to JSON, and not to a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

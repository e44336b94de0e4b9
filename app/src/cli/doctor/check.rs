//! The result of one check of the doctor.

use serde::Serialize;

/// The result of one check.
#[derive(Debug, Serialize)]
pub struct Check {
    pub name: String,
    /// Whether the check has passed, perhaps with a warning.
    pub ok: bool,
    /// What was found works, but is not as it should be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
    /// The state of the dependency.
    pub found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Check {
    pub fn passed(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, warning: false, found: found.into(), advice: None }
    }

    pub fn failed(name: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.into(), ok: false, warning: false, found: found.into(), advice: Some(advice.into()) }
    }

    /// A check that has passed with a warning.
    pub fn warned(name: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { ok: true, warning: true, ..Self::failed(name, found, advice) }
    }

    /// The result in four letters.
    pub const fn mark(&self) -> &'static str {
        match (self.ok, self.warning) {
            (true, false) => "ok  ",
            (true, true) => "warn",
            (false, _) => "FAIL",
        }
    }
}

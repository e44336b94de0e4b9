//! Why settings cannot be used.

use ::config::ConfigError;

use super::profiles::profile_names;

/// The origin of a setting whose source is not known.
const ANY_ORIGIN: &str = "settings";

/// A setting that cannot be used. The text names the setting and where its value came from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment names a profile that does not exist.
    #[error("{variable}: there is no profile `{profile}`; there are {}", profile_names())]
    UnknownProfile { variable: &'static str, profile: String },
    /// A source sets a key that the reference does not name.
    #[error("{origin}: there is no setting `{key}`{}", suggestion(nearest.as_deref()))]
    UnknownKey { key: String, origin: String, nearest: Option<String> },
    /// A value is not allowed for its key.
    #[error("{origin}: `{key}` {reason}")]
    Invalid { key: String, origin: String, reason: String },
    /// The settings are for a try on one machine, and the profile does not allow that.
    #[error("these settings are not allowed unless each is asked for by name: {reasons}")]
    NotAllowed { reasons: String },
    /// A variable of the environment is not text.
    #[error("environment variable {variable}: it is not UTF-8")]
    NotUtf8 { variable: String },
    /// A module refuses its settings. The text names the key.
    #[error("{ANY_ORIGIN}: {0}")]
    Module(String),
    /// A file cannot be read as TOML.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
}

impl Error {
    /// A value that is not allowed, whichever source it came from. `reason` continues a sentence
    /// that begins with the key.
    pub fn invalid(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), origin: ANY_ORIGIN.to_owned(), reason: reason.into() }
    }

    /// The same for a value whose source is known.
    pub(super) fn invalid_in(origin: String, key: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { key: key.to_owned(), origin, reason: reason.into() }
    }

    /// The origin in a message where no source is known.
    pub(super) const fn any_origin() -> &'static str {
        ANY_ORIGIN
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default()
}

//! What can go wrong while measuring; a slow answer is not among it.

use std::io;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line cannot be understood.
    #[error("{0}\n\n{usage}", usage = crate::arguments::USAGE)]
    Usage(String),
    #[error("cannot {action}: {error}")]
    Io { action: String, error: io::Error },
    /// A scenario does not work, or something it needs.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Postgres(#[from] embedded_postgres::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// For `map_err`: says what was to be done.
    pub fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |error| Self::Io { action, error }
    }
}

/// A failure in words.
pub fn failed<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::Failed(text.into()))
}

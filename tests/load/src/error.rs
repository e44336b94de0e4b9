//! Why a run fails. A slow answer is not an error.

use std::io;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call of the operating system failed.
    #[error("cannot {action}: {error}")]
    Io { action: String, error: io::Error },
    /// A scenario, or something that it needs, does not work.
    #[error("{0}")]
    Failed(String),
    /// The PostgreSQL of the run does not start.
    #[error(transparent)]
    Postgres(#[from] embedded_postgres::Error),
    /// The run was ended by SIGINT or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// A function for `map_err`. `action` completes the sentence "cannot …".
    pub fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |error| Self::Io { action, error }
    }
}

/// A failure with this text.
pub fn failed<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::Failed(text.into()))
}

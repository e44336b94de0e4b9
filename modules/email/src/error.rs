//! What can go wrong with mail, and what a client sees of it.

use kernel::Problem;

/// Why the module could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot work; the text names the key.
    #[error("{0}")]
    Settings(String),
    #[error("there is no such mail")]
    NotFound,
    #[error("this mail is queued already")]
    AlreadyQueued,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

#[rustfmt::skip]
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound        => Self::new(404, "email.not_found",      error.to_string()),
            Error::AlreadyQueued   => Self::new(409, "email.already_queued", error.to_string()),
            Error::Settings(_)     => Self::internal(&error),
            Error::Database(error) => error.into(),
        }
    }
}

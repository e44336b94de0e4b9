//! What can go wrong with a question for figures, and what a client sees of it.

use kernel::Problem;
use kernel::problem::FieldError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The parameters can be read, but not be meant.
    #[error("the question cannot be answered: {0:?}")]
    Invalid(Vec<FieldError>),
    /// Accounting has not started for the first time, so there is no business day yet.
    #[error("the books have not been opened yet")]
    NotOpened,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Error {
    pub(crate) fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }
}

#[rustfmt::skip]
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(errors) => Self::invalid_fields(errors),
            Error::NotOpened       => Self::unavailable("analytics.not_opened", error.to_string()),
            Error::Database(error) => error.into(),
        }
    }
}

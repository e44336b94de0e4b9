//! The module's errors, and the status and code that a client gets for each.

use kernel::http::problem::ProblemCode;
use kernel::{DbError, Fault, FieldError, Problem};

/// Why a request for figures failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The parameters are well-formed but their values make no sense.
    #[error("invalid parameters: {0:?}")]
    Invalid(Vec<FieldError>),
    /// Accounting has never started, so there is no business day.
    #[error("accounting has not started yet")]
    NotOpened,
    /// A database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Error {
    pub(crate) fn invalid(pointer: &str, fault: Fault) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, fault)])
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[rustfmt::skip]
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotOpened       => Self::unavailable("analytics.not_opened", detail),
            Error::Invalid(errors) => Self::invalid_fields(errors),
            Error::Database(error) => error.into(),
        }
    }
}

/// The codes of the table above, with their meaning and their remedy.
pub const PROBLEM_CODES: &[ProblemCode] = &[ProblemCode::new(
    503,
    "analytics.not_opened",
    "Accounting has never started, so there is no business day to report on.",
    "Wait until a process that hosts accounting has started, then send the request again.",
)];

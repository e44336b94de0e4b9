//! The module's errors, and the status and code that a client gets for each.

use kernel::http::problem::ProblemCode;
use kernel::module::StartupError;
use kernel::{DbError, Problem};

/// Why a call to the module failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration is invalid; the text names the key.
    #[error("{0}")]
    Settings(String),
    /// No mail has this id.
    #[error("the mail does not exist")]
    MailNotFound,
    /// The mail waits for an attempt already.
    #[error("the mail is already queued")]
    AlreadyQueued,
    /// The mail had a one-time link, which was deleted when the mail was sent.
    #[error("the mail had a one-time link and was sent; create a new link")]
    LinkSent,
    /// The text of the mail was deleted after `email.keep_days`.
    #[error("the text of the mail was deleted `email.keep_days` after it was sent")]
    TextDeleted,
    /// A file of the file transport cannot be deleted; the text names it.
    #[error("{0}")]
    File(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
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
            Error::MailNotFound                 => Self::new(404, "email.not_found",      detail),
            Error::AlreadyQueued                => Self::new(409, "email.already_queued", detail),
            Error::LinkSent                     => Self::new(409, "email.link_sent",      detail),
            Error::TextDeleted                  => Self::new(409, "email.text_deleted",   detail),
            Error::Settings(_) | Error::File(_) => Self::internal(&detail),
            Error::Database(error)              => error.into(),
        }
    }
}

/// The codes of the table above, with their meaning and their remedy.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(
        409,
        "email.link_sent",
        "The mail had a one-time link, which was deleted when the mail was sent.",
        "Create a new link with `POST /people/{id}/invitation`.",
    ),
    ProblemCode::new(
        409,
        "email.text_deleted",
        "The mail was sent, and its text was deleted after `email.keep_days`.",
        "The person finds the statement of a payout with `GET /wallets/me/statements/{date}`. Other mail is not needed any more.",
    ),
    ProblemCode::new(
        404,
        "email.not_found",
        "No mail has this id.",
        "Check the id; `GET /admin/emails` lists the mails.",
    ),
    ProblemCode::new(
        409,
        "email.already_queued",
        "The mail waits for an attempt already.",
        "Nothing is left to do; `GET /admin/emails` shows when the next attempt is due.",
    ),
];

impl From<Error> for StartupError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::Database(error),
            error => Self::Failed(error.to_string()),
        }
    }
}

//! What can go wrong, and how a client sees it.

use kernel::Problem;
use kernel::problem::FieldError;

/// Why identity refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One answer for an unknown address, a wrong password and a deactivated person, so that it tells nothing.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    #[error("the access token is not one of ours")]
    TokenInvalid,
    #[error("the access token has expired; get a new one by the refresh token")]
    TokenExpired,
    #[error("the access token is no longer good: the person's access has changed or the session has ended")]
    TokenRevoked,
    #[error("the refresh token is unknown, expired or of a session that has ended; log in again")]
    RefreshInvalid,
    #[error("the refresh token was used before, so the session has been ended; log in again")]
    RefreshReused,
    #[error("there is no such link")]
    LinkUnknown,
    #[error("the link was used before")]
    LinkUsed,
    #[error("the link has expired; ask for a new one")]
    LinkExpired,
    #[error("somebody has an account already; ask an admin for one")]
    AlreadySetUp,
    #[error("the person is deactivated")]
    PersonInactive,
    #[error("somebody has this e-mail address already")]
    EmailTaken,
    #[error("this is the last active admin; make somebody else one first")]
    LastAdmin,
    #[error("there is no such person")]
    UnknownPerson,
    #[error("too many passwords are being checked right now")]
    Busy,
    #[error("the signing keys are not loaded yet")]
    NotReady,
    #[error("{}", describe(.0))]
    Invalid(Vec<FieldError>),
    /// A setting that cannot be; it stops the program before it serves.
    #[error("auth.{key}: {reason}")]
    Settings { key: &'static str, reason: String },
    /// Hashing or signing failed, or the database holds what never was written.
    #[error("{0}")]
    Internal(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

fn describe(errors: &[FieldError]) -> String {
    let described: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
    described.join("; ")
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, code) = match error {
            Error::WrongCredentials => (401, "identity.wrong_credentials"),
            Error::TokenInvalid => (401, "identity.token_invalid"),
            Error::TokenExpired => (401, "identity.token_expired"),
            Error::TokenRevoked => (401, "identity.token_revoked"),
            Error::RefreshInvalid => (401, "identity.refresh_invalid"),
            Error::RefreshReused => (401, "identity.refresh_reused"),
            Error::LinkUnknown => (404, "identity.link_unknown"),
            Error::LinkUsed => (409, "identity.link_used"),
            Error::LinkExpired => (410, "identity.link_expired"),
            Error::AlreadySetUp => (409, "identity.already_set_up"),
            Error::PersonInactive => (409, "identity.person_inactive"),
            Error::EmailTaken => (409, "identity.email_taken"),
            Error::LastAdmin => (409, "identity.last_admin"),
            Error::Busy => (429, "identity.busy"),
            // They are in the database.
            Error::NotReady => (503, "database_unavailable"),
            Error::UnknownPerson => return Self::not_found("person"),
            Error::Invalid(errors) => return Self::invalid_fields(errors),
            Error::Settings { .. } | Error::Internal(_) => return Self::internal(&error),
            Error::Database(error) => return error.into(),
        };
        let problem = Self::new(status, code, error.to_string());
        if matches!(status, 429 | 503) { problem.with_retry_after(1) } else { problem }
    }
}

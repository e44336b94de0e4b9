//! The errors of the module, and the status and code with which a client sees each.

use kernel::http::problem::ProblemCode;
use kernel::http::rate_limit::Exceeded;
use kernel::module::StartupError;
use kernel::{DbError, Fault, FieldCode, FieldError, Problem};

/// Why a request to identity was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The same answer for an unknown address, a wrong password and a deactivated person, so that
    /// it does not reveal which addresses have an account.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    #[error("the current password is wrong")]
    WrongPassword,
    #[error("the access token is not valid")]
    TokenInvalid,
    /// The token names a key that this process does not know, or no longer.
    #[error("the access token is not valid")]
    TokenKeyUnknown,
    #[error("the access token has expired; use the refresh token to get a new one")]
    TokenExpired,
    #[error("the access token was revoked: the person's access has changed or the session has ended")]
    TokenRevoked,
    #[error("the refresh token is unknown or expired, or its session has ended; log in again")]
    RefreshInvalid,
    #[error("the refresh token was used before, so its session was ended; log in again")]
    RefreshReused,
    #[error("there is no such session of yours, or it has ended")]
    SessionNotFound,
    /// The keys are not in the database, where the program could change them.
    #[error(
        "the signing keys are in the configuration (auth.keys), so the program cannot change them: put a new key \
             before the present one, restart every process, and remove the old key once its last token has expired"
    )]
    KeysInConfiguration,
    #[error("there is no such link")]
    LinkNotFound,
    #[error("the link was used before")]
    LinkUsed,
    #[error("the link has expired; ask an admin for a new one")]
    LinkExpired,
    #[error("the system has accounts already; ask an admin to create one for you")]
    AlreadySetUp,
    #[error("the person is deactivated")]
    PersonInactive,
    #[error("another person has this e-mail address")]
    EmailTaken,
    #[error("this is the last active admin; make another person an admin first")]
    LastAdmin,
    /// The person is of another version than the update was made for.
    #[error("the person was changed since you read them; read them again")]
    StaleVersion,
    #[error("there is no such person")]
    PersonNotFound,
    #[error("the person got as many mails with a link as are allowed in an hour; try again later")]
    TooManyMails,
    #[error("there is no such token")]
    ApiTokenNotFound,
    #[error("the person has as many API tokens as are allowed; revoke one first")]
    TooManyApiTokens,
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// Too many logins have failed.
    #[error("too many attempts to log in")]
    Limited(Exceeded),
    /// The process has not loaded the signing keys from the database yet.
    #[error("the signing keys are not loaded yet")]
    KeysNotLoaded,
    #[error("there is no single sign-on here; log in with an e-mail address and a password")]
    SsoOff,
    /// No cookie, another browser's state, an expired or completed login: begin again.
    #[error("this login was not begun in this browser, has expired or was completed before; begin it again")]
    SsoStateInvalid,
    #[error("the login was cancelled at the provider")]
    SsoDenied,
    #[error("the provider has refused the login")]
    SsoRefused,
    #[error("what the provider says about the person cannot be trusted")]
    SsoTokenInvalid,
    #[error("the provider does not answer; try again later, or log in with a password")]
    SsoUnavailable,
    #[error("the provider has not verified an e-mail address of this person")]
    SsoEmailUnverified,
    #[error("another account at the provider is bound to the person with this e-mail address; ask an admin")]
    SsoEmailTaken,
    #[error("there is no person with this e-mail address; ask an admin to create one")]
    SsoPersonUnknown,
    #[error("the account at the provider gives no role here; ask an admin")]
    SsoRoleMissing,
    #[error("the person is deactivated; ask an admin")]
    SsoPersonInactive,
    #[error("{}", describe(.0))]
    Invalid(Vec<FieldError>),
    /// A setting has a value that is not allowed. The program stops before it serves requests.
    #[error("auth.{key}: {reason}")]
    Settings { key: &'static str, reason: String },
    /// The same of the section `sso`.
    #[error("sso.{key}: {reason}")]
    SsoSettings { key: &'static str, reason: String },
    /// Hashing or signing failed, or a stored key cannot be read.
    #[error("{0}")]
    Internal(String),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl Error {
    /// One invalid field.
    pub(crate) fn invalid(pointer: &str, fault: impl Into<Fault>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, fault)])
    }
}

fn wrong_password() -> FieldError {
    FieldError::new("/current_password", Fault::new(FieldCode::PasswordWrong, "this is not the current password"))
}

fn describe(errors: &[FieldError]) -> String {
    let described: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
    described.join("; ")
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
            Error::SsoStateInvalid     => Self::new(400, "identity.sso_state_invalid",    detail),
            Error::SsoRefused          => Self::new(401, "identity.sso_refused",          detail),
            Error::SsoTokenInvalid     => Self::new(401, "identity.sso_token_invalid",    detail),
            Error::WrongCredentials    => Self::new(401, "identity.wrong_credentials",    detail),
            Error::RefreshInvalid      => Self::new(401, "identity.refresh_invalid",      detail),
            Error::RefreshReused       => Self::new(401, "identity.refresh_reused",       detail),
            Error::SsoDenied           => Self::new(403, "identity.sso_denied",           detail),
            Error::SsoEmailUnverified  => Self::new(403, "identity.sso_email_unverified", detail),
            Error::SsoPersonInactive   => Self::new(403, "identity.sso_person_inactive",  detail),
            Error::SsoPersonUnknown    => Self::new(403, "identity.sso_person_unknown",   detail),
            Error::SsoRoleMissing      => Self::new(403, "identity.sso_role_missing",     detail),
            Error::SsoOff              => Self::new(404, "identity.sso_off",              detail),
            Error::PersonNotFound      => Self::new(404, "not_found",                     detail),
            Error::SessionNotFound     => Self::new(404, "not_found",                     detail),
            Error::ApiTokenNotFound    => Self::new(404, "not_found",                     detail),
            Error::LinkNotFound        => Self::new(404, "identity.link_unknown",         detail),
            Error::SsoEmailTaken       => Self::new(409, "identity.sso_email_taken",      detail),
            Error::LinkUsed            => Self::new(409, "identity.link_used",            detail),
            Error::AlreadySetUp        => Self::new(409, "identity.already_set_up",       detail),
            Error::PersonInactive      => Self::new(409, "identity.person_inactive",      detail),
            Error::EmailTaken          => Self::new(409, "identity.email_taken",          detail),
            Error::LastAdmin           => Self::new(409, "identity.last_admin",           detail),
            Error::TooManyApiTokens    => Self::new(409, "identity.too_many_tokens",      detail),
            Error::LinkExpired         => Self::new(410, "identity.link_expired",         detail),
            Error::StaleVersion        => Self::new(412, "precondition_failed",           detail),
            Error::TokenInvalid        => Self::invalid_token("identity.token_invalid", detail),
            Error::TokenKeyUnknown     => Self::invalid_token("identity.token_invalid", detail),
            Error::TokenExpired        => Self::invalid_token("identity.token_expired", detail),
            Error::TokenRevoked        => Self::invalid_token("identity.token_revoked", detail),
            Error::WrongPassword       => Self::new(422, "identity.wrong_password", detail).with_error(wrong_password()),
            Error::TooManyMails        => Self::new(429, "identity.too_many_mails", detail).with_retry_after(3_600),
            Error::SsoUnavailable      => Self::new(503, "identity.sso_unavailable", detail).with_retry_after(5),
            Error::Busy                => Self::new(429, "identity.busy", detail).with_retry_after(1),
            Error::KeysNotLoaded       => Self::new(503, "identity.keys_not_loaded", detail).with_retry_after(1),
            Error::Limited(limit)      => limit.into(),
            Error::Invalid(errors)     => Self::invalid_fields(errors),
            Error::Settings { .. }     => Self::internal(&detail),
            Error::SsoSettings { .. }  => Self::internal(&detail),
            Error::KeysInConfiguration => Self::internal(&detail),
            Error::Internal(_)         => Self::internal(&detail),
            Error::Database(error)     => error.into(),
        }
    }
}

/// The codes of the table above, with their meaning and their remedy.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(
        401,
        "identity.wrong_credentials",
        "The e-mail address or the password is wrong, or the person is deactivated.",
        "Check both. An admin can create a one-time link to set a new password.",
    ),
    ProblemCode::new(401, "identity.token_invalid", "The access token is not valid.", "Log in again."),
    ProblemCode::new(
        401,
        "identity.token_expired",
        "The access token has expired.",
        "Get a new one with `POST /auth/refresh`.",
    ),
    ProblemCode::new(
        401,
        "identity.token_revoked",
        "The access token was revoked: the person's access has changed or the session has ended.",
        "Get a new one with `POST /auth/refresh`. If that is refused, log in again.",
    ),
    ProblemCode::new(
        401,
        "identity.refresh_invalid",
        "The refresh token is unknown or expired, or its session has ended.",
        "Log in again.",
    ),
    ProblemCode::new(
        401,
        "identity.refresh_reused",
        "The refresh token was used before, so its session was ended.",
        "Log in again. If another program has used the token, change the password.",
    ),
    ProblemCode::new(
        400,
        "identity.sso_state_invalid",
        "The login at the provider was not begun in this browser, has expired or was completed before.",
        "Begin the login again.",
    ),
    ProblemCode::new(
        401,
        "identity.sso_refused",
        "The provider has refused the login.",
        "Begin the login again. If it is refused again, ask an operator to check the registration at the provider.",
    ),
    ProblemCode::new(
        401,
        "identity.sso_token_invalid",
        "What the provider says about the person cannot be trusted.",
        "Begin the login again. If that fails, ask an operator to check the settings of single sign-on.",
    ),
    ProblemCode::new(
        403,
        "identity.sso_denied",
        "The login was cancelled at the provider.",
        "Begin the login again and allow it there.",
    ),
    ProblemCode::new(
        403,
        "identity.sso_email_unverified",
        "The provider has not verified an e-mail address of this person.",
        "Verify the address at the provider, then log in again.",
    ),
    ProblemCode::new(
        403,
        "identity.sso_person_inactive",
        "The person is deactivated.",
        "Ask an admin to activate you.",
    ),
    ProblemCode::new(
        403,
        "identity.sso_person_unknown",
        "There is no person with the e-mail address that the provider names.",
        "Ask an admin to create an account for you.",
    ),
    ProblemCode::new(
        403,
        "identity.sso_role_missing",
        "The account at the provider gives no role here.",
        "Ask an admin for a role at the provider.",
    ),
    ProblemCode::new(404, "identity.sso_off", "There is no single sign-on here.", "Log in with `POST /auth/login`."),
    ProblemCode::new(
        409,
        "identity.sso_email_taken",
        "Another account at the provider is bound to the person with this e-mail address.",
        "Ask an admin which account is the right one.",
    ),
    ProblemCode::new(
        409,
        "identity.too_many_tokens",
        "The person has as many API tokens as are allowed.",
        "Revoke a token that is not needed any more.",
    ),
    ProblemCode::new(
        422,
        "identity.wrong_password",
        "The current password is wrong.",
        "Send the current password. A one-time link sets a new password without it.",
    ),
    ProblemCode::new(
        429,
        "identity.too_many_mails",
        "The person got as many mails with a link as are allowed in an hour.",
        "Send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        503,
        "identity.sso_unavailable",
        "The provider of single sign-on does not answer.",
        "Try again after the time in `Retry-After`, or log in with a password.",
    ),
    ProblemCode::new(
        404,
        "identity.link_unknown",
        "There is no such one-time link.",
        "Check that the token is complete, or ask an admin for a new link.",
    ),
    ProblemCode::new(
        409,
        "identity.link_used",
        "The one-time link was used before.",
        "Log in with the password that was set, or ask an admin for a new link.",
    ),
    ProblemCode::new(
        409,
        "identity.already_set_up",
        "The link creates the first admin, but the system has accounts already.",
        "Ask an admin to create an account for you.",
    ),
    ProblemCode::new(
        409,
        "identity.person_inactive",
        "The person is deactivated.",
        "Activate the person first with `PATCH /people/{id}`.",
    ),
    ProblemCode::new(
        409,
        "identity.email_taken",
        "Another person has this e-mail address.",
        "Choose another address; `GET /people?q=` finds the person who has it.",
    ),
    ProblemCode::new(
        409,
        "identity.last_admin",
        "The person is the last active admin.",
        "Make another person an admin first.",
    ),
    ProblemCode::new(410, "identity.link_expired", "The one-time link has expired.", "Ask an admin for a new link."),
    ProblemCode::new(
        429,
        "identity.busy",
        "Too many passwords are being checked or stored at the moment.",
        "Send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        503,
        "identity.keys_not_loaded",
        "The process has not loaded the keys that verify access tokens yet.",
        "Send the request again after the time in `Retry-After`.",
    ),
];

impl From<Error> for StartupError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::Database(error),
            Error::KeysNotLoaded => Self::NotPrepared,
            error => Self::Failed(error.to_string()),
        }
    }
}

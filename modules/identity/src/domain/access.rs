//! What decides whether a person or a one-time link gives access.

use chrono::{DateTime, Utc};
use contracts::{PersonId, Role, SessionId};

use crate::error::Error;

/// What a login or a refresh needs to know about a person.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The person.
    pub person_id: PersonId,
    /// An argon2id PHC string; `None` until the person has set a password.
    pub password_hash: Option<String>,
    /// The person's role, which the access token carries.
    pub role: Role,
    /// Whether the person may log in.
    pub active: bool,
    /// The access version, which the access token carries.
    pub access_version: i64,
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// It creates the first admin of a system without people.
    FirstAdmin,
    /// An admin created it for a person.
    SetPassword,
    /// The person has asked for it.
    PasswordReset,
}

impl LinkKind {
    /// The name, as the database stores it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstAdmin => "first_admin",
            Self::SetPassword => "set_password",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A one-time link.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// The person whose password the link sets; `None` for the link that creates the first admin.
    pub person_id: Option<PersonId>,
    /// From this moment on the link is refused.
    pub expires_at: DateTime<Utc>,
    /// When the link was used. A link is used once.
    pub used_at: Option<DateTime<Utc>>,
}

impl Link {
    /// Refuses a link that does not exist, was used or has expired.
    pub fn check(link: Option<Self>, now: DateTime<Utc>) -> Result<Self, Error> {
        let link = link.ok_or(Error::LinkNotFound)?;
        if link.used_at.is_some() {
            return Err(Error::LinkUsed);
        }
        if link.expires_at <= now {
            return Err(Error::LinkExpired);
        }
        Ok(link)
    }
}

/// A change of a person's role, activity or password. It revokes the access tokens that carry a
/// lower access version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccessChange {
    /// The person whose access has changed.
    pub person_id: PersonId,
    /// The person's access version after the change.
    pub access_version: i64,
    /// When the access changed.
    pub changed_at: DateTime<Utc>,
}

/// A session that was ended. Its tokens are refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RevokedSession {
    /// The session.
    pub session_id: SessionId,
    /// When it was ended.
    pub revoked_at: DateTime<Utc>,
}

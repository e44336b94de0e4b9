//! When a session ends, and what the use of a refresh token means.

use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Duration, Utc};
use contracts::{Carrier, PersonId, Secret, SessionId};

use crate::error::Error;

/// How long a used refresh token gives its successor again. Two tabs of a browser may refresh at
/// the same moment, and an answer may be lost.
const REPETITION_GRACE: Duration = Duration::seconds(30);
/// Maximum length of a `User-Agent` that is stored, in characters.
const USER_AGENT_CHARS_MAX: usize = 400;

/// The program or browser that begins a session, as far as it says so.
#[derive(Debug, Clone)]
pub struct Device {
    /// How the device keeps the tokens.
    pub carrier: Carrier,
    /// What the program or browser calls itself.
    pub user_agent: Option<String>,
    /// The address from which it logs in.
    pub address: Option<IpAddr>,
    /// The refresh token of the session that the new one replaces, if a browser has sent one.
    pub replaced_refresh_token: Option<Secret>,
}

impl Device {
    /// A device about which only its carrier is known.
    #[must_use]
    pub const fn unknown(carrier: Carrier) -> Self {
        Self { carrier, user_agent: None, address: None, replaced_refresh_token: None }
    }

    /// The user agent as it is stored: without control characters and not too long.
    pub(crate) fn stored_user_agent(&self) -> Option<String> {
        let printable = |text: &String| {
            text.chars().filter(|letter| !letter.is_control()).take(USER_AGENT_CHARS_MAX).collect::<String>()
        };
        self.user_agent.as_ref().map(printable).filter(|text| !text.is_empty())
    }
}

/// How a person proved who they are when a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginMethod {
    /// With their password.
    Password,
    /// At an OpenID provider.
    Sso,
}

impl LoginMethod {
    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Sso => "sso",
        }
    }
}

impl FromStr for LoginMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Password, Self::Sso]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| format!("the way to log in {text} is unknown"))
    }
}

/// A session that has not ended.
#[derive(Debug)]
pub(crate) struct Session {
    /// The session.
    pub session_id: SessionId,
    /// When the person logged in.
    pub created_at: DateTime<Utc>,
    /// The last login or refresh.
    pub last_used_at: DateTime<Utc>,
    /// When the session ends if it is not used again.
    pub expires_at: DateTime<Utc>,
    /// How the device keeps the tokens.
    pub carrier: Carrier,
    /// How the person logged in.
    pub login_method: LoginMethod,
    /// What the program or browser called itself.
    pub user_agent: Option<String>,
    /// The address from which the person logged in.
    pub client_address: Option<String>,
}

/// A refresh token with the state of its session.
#[derive(Debug)]
pub(crate) struct RefreshToken {
    /// The session to which the token belongs.
    pub session_id: SessionId,
    /// The person of the session.
    pub person_id: PersonId,
    /// When the session began.
    pub session_created_at: DateTime<Utc>,
    /// When the session was ended.
    pub session_revoked_at: Option<DateTime<Utc>>,
    /// From this moment on the token is refused.
    pub expires_at: DateTime<Utc>,
    /// When the token was used for the first time.
    pub used_at: Option<DateTime<Utc>>,
    /// With it the successor of a used token is computed. `None` for a token that is not used, and
    /// for one that a process of an earlier version has rotated.
    pub successor_salt: Option<Vec<u8>>,
}

/// What the use of a refresh token means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefreshTokenUse<'a> {
    /// The token was not used before. It gets a successor.
    First,
    /// The token was used a moment ago. It gives the same successor, if that is not used yet. The
    /// value is the salt of the successor.
    Repeated(&'a [u8]),
    /// The token was used before, so two clients have it. One of them may have stolen it.
    Reused,
}

impl RefreshToken {
    /// What the use of this token at `now` means, for sessions that last for `session_lifetime` at
    /// most; `Error::RefreshInvalid` if the session or the token has ended.
    pub fn check(&self, now: DateTime<Utc>, session_lifetime: Duration) -> Result<RefreshTokenUse<'_>, Error> {
        if self.session_revoked_at.is_some() || self.session_created_at + session_lifetime <= now {
            return Err(Error::RefreshInvalid);
        }
        match (self.used_at, &self.successor_salt) {
            (None, _) if self.expires_at <= now => Err(Error::RefreshInvalid),
            (None, _) => Ok(RefreshTokenUse::First),
            (Some(used_at), Some(salt)) if now < used_at + REPETITION_GRACE => Ok(RefreshTokenUse::Repeated(salt)),
            (Some(_), _) => Ok(RefreshTokenUse::Reused),
        }
    }

    /// Whether the token can be used for the first time.
    pub fn is_unused(&self, now: DateTime<Utc>) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LIFETIME: Duration = Duration::days(30);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    fn token(used_at: Option<i64>) -> RefreshToken {
        RefreshToken {
            session_id: SessionId::from(Uuid::nil()),
            person_id: PersonId::from(Uuid::nil()),
            session_created_at: at(0),
            session_revoked_at: None,
            expires_at: at(10_000),
            used_at: used_at.map(at),
            successor_salt: used_at.map(|_| vec![1]),
        }
    }

    #[test]
    fn a_used_token_is_repeated_for_less_than_thirty_seconds() {
        let used = token(Some(100));
        assert_eq!(used.check(at(100), LIFETIME).unwrap(), RefreshTokenUse::Repeated(&[1]));
        assert_eq!(used.check(at(129), LIFETIME).unwrap(), RefreshTokenUse::Repeated(&[1]));
        assert_eq!(used.check(at(130), LIFETIME).unwrap(), RefreshTokenUse::Reused);
        assert_eq!(used.check(at(20_000), LIFETIME).unwrap(), RefreshTokenUse::Reused, "also after it has expired");
        let without_salt = RefreshToken { successor_salt: None, ..token(Some(100)) };
        assert_eq!(without_salt.check(at(100), LIFETIME).unwrap(), RefreshTokenUse::Reused);
    }

    #[test]
    fn a_token_ends_with_its_own_time_and_with_its_session() {
        let unused = token(None);
        assert_eq!(unused.check(at(9_999), LIFETIME).unwrap(), RefreshTokenUse::First);
        assert!(matches!(unused.check(at(10_000), LIFETIME), Err(Error::RefreshInvalid)));
        assert!(matches!(unused.check(at(60), Duration::seconds(60)), Err(Error::RefreshInvalid)));
        let revoked = RefreshToken { session_revoked_at: Some(at(1)), ..token(Some(100)) };
        assert!(matches!(revoked.check(at(101), LIFETIME), Err(Error::RefreshInvalid)));
    }

    #[test]
    fn a_user_agent_is_cut_and_without_control_characters() {
        let stored = |text: &str| {
            Device { user_agent: Some(text.to_owned()), ..Device::unknown(Carrier::Bearer) }.stored_user_agent()
        };
        assert_eq!(stored("curl/8\u{0}\n").as_deref(), Some("curl/8"));
        assert_eq!(stored("\u{7}"), None);
        assert_eq!(stored(&"é".repeat(500)).unwrap().chars().count(), 400);
    }
}

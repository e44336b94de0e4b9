//! Personal API tokens: how one looks, what a new one may be, and when one is refused.

use chrono::{DateTime, Duration, Utc};
use contracts::{ApiTokenId, PersonId, Role, Scopes, permission};
use kernel::text::parse_line;
use kernel::{Ambient, Fault, FieldCode, FieldError};

use super::people::check_field;
use crate::error::Error;

/// What every API token begins with, so that people and scanners of source code recognise one.
const PREFIX: &str = "pwk_";
/// The digits of base 62.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Number of random digits: 214 bits.
const RANDOM_DIGITS: usize = 36;
/// Number of digits of the checksum, with leading zeros.
const CHECKSUM_DIGITS: usize = 6;
/// The largest multiple of 62 that a byte can hold. A random byte from there on is not used, so
/// that every digit is equally likely.
const RANDOM_BYTE_END: u8 = 248;
/// Maximum length of a token's name, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A personal API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token's id.
    pub id: ApiTokenId,
    /// The person for whom it acts.
    pub person_id: PersonId,
    /// What the person calls it.
    pub name: String,
    /// What its requests may do, as far as the person's role allows it.
    pub scopes: Scopes,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// From this moment on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A personal API token to be created, as entered.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// What the person calls it.
    pub name: String,
    /// `read`, `write` and names of permissions.
    pub scopes: Vec<String>,
    /// From this moment on it is refused.
    pub expires_at: DateTime<Utc>,
}

/// What decides whether a token gives access, and to what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApiTokenAccess {
    /// The token.
    pub id: ApiTokenId,
    /// Its person.
    pub person_id: PersonId,
    /// The person's role.
    pub role: Role,
    /// Whether the person is active.
    pub active: bool,
    /// The person's access version. A higher one means that role or activity may have changed.
    pub access_version: i64,
    /// The token's scopes.
    pub scopes: Scopes,
    /// From this moment on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A token that was revoked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RevokedApiToken {
    /// The token.
    pub id: ApiTokenId,
    /// When it was revoked.
    pub revoked_at: DateTime<Utc>,
}

impl NewApiToken {
    /// The name and the scopes, or the errors of all fields.
    pub(crate) fn parse(
        &self,
        role: Role,
        now: DateTime<Utc>,
        lifetime_max: Duration,
    ) -> Result<(String, Scopes), Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = parse_line(&self.name, NAME_CHARS_MAX).map_err(|error| Fault::from(error).of("a name"));
        let name = check_field(&mut errors, "/name", name);
        let scopes = parse_scopes(&self.scopes, role, &mut errors);
        if self.expires_at <= now || self.expires_at > now + lifetime_max {
            let detail = format!("a token expires in the future, within {} days", lifetime_max.num_days());
            let fault = Fault::new(FieldCode::Expiry, detail).with("max_days", lifetime_max.num_days());
            errors.push(FieldError::new("/expires_at", fault));
        }
        name.filter(|_| errors.is_empty()).map(|name| (name, scopes)).ok_or(errors)
    }
}

/// The set of the named scopes. A permission that the role does not have is refused, because the
/// token could never use it.
fn parse_scopes(names: &[String], role: Role, errors: &mut Vec<FieldError>) -> Scopes {
    if names.is_empty() {
        errors.push(FieldError::new("/scopes", Fault::new(FieldCode::Required, "a token has at least one scope")));
    }
    let mut scopes = Scopes::NONE;
    for (index, name) in names.iter().enumerate() {
        let roles = permission::ALL.iter().find(|(known, _)| known == name).map(|(_, roles)| *roles);
        let with = match roles {
            Some(roles) if !roles.contains(&role) => {
                let detail = format!("the role {role} does not have this permission");
                Err(Fault::new(FieldCode::ScopeNotOfRole, detail).with("role", role.as_str()))
            }
            _ => scopes.with(name).map_err(|error| Fault::new(FieldCode::ScopeUnknown, error.to_string())),
        };
        if let Some(with) = check_field(errors, &format!("/scopes/{index}"), with) {
            scopes = with;
        }
    }
    scopes
}

impl ApiTokenAccess {
    /// Refuses a token that was revoked or has expired, and that of a deactivated person.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Error> {
        if self.revoked_at.is_some() || !self.active {
            return Err(Error::TokenRevoked);
        }
        if self.expires_at <= now { Err(Error::TokenExpired) } else { Ok(()) }
    }
}

/// A new token: the prefix, random digits, and a checksum of both.
pub(crate) fn new_api_token(ambient: &Ambient) -> String {
    let mut token = PREFIX.to_owned();
    while token.len() < PREFIX.len() + RANDOM_DIGITS {
        let mut byte = [0_u8];
        ambient.fill(&mut byte);
        if byte[0] < RANDOM_BYTE_END {
            token.push(digit(u32::from(byte[0])));
        }
    }
    let checksum = checksum(&token);
    token + &checksum
}

/// Whether the text claims to be an API token.
pub(crate) fn is_api_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Whether the text has the form of an API token and its checksum is right. One that was mistyped
/// or cut off is refused without a query.
pub(crate) fn is_well_formed(text: &str) -> bool {
    let is_complete = text.len() == PREFIX.len() + RANDOM_DIGITS + CHECKSUM_DIGITS && text.is_ascii();
    let Some((body, sum)) = text.split_at_checked(PREFIX.len() + RANDOM_DIGITS) else { return false };
    is_complete && is_api_token(text) && sum == checksum(body)
}

/// The CRC-32 of the text in base 62.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [' '; CHECKSUM_DIGITS];
    for place in digits.iter_mut().rev() {
        *place = digit(rest);
        rest /= 62;
    }
    digits.iter().collect()
}

/// The last digit of a number in base 62.
fn digit(number: u32) -> char {
    char::from(DIGITS[(number % 62) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_prefix_and_its_checksum() {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let (token, other) = (new_api_token(&ambient), new_api_token(&ambient));
        assert_ne!(token, other);
        assert!(is_api_token(&token) && is_well_formed(&token) && token.len() == 46, "{token}");
        assert!(token[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
        let cut = &token[..45];
        let swapped = format!("{}{}", &token[..4], token[4..].chars().rev().collect::<String>());
        for wrong in [cut, &swapped, &token.to_lowercase(), &format!("{token}0"), "pwk_", "", "pwk_\u{e9}"] {
            assert!(!is_well_formed(wrong), "{wrong}");
        }
        for index in 4..token.len() {
            let mut mistyped = token.clone().into_bytes();
            mistyped[index] = if mistyped[index] == b'x' { b'y' } else { b'x' };
            assert!(!is_well_formed(&String::from_utf8(mistyped).unwrap()), "{index}");
        }
    }

    #[test]
    fn a_checksum_is_the_crc_32_in_six_digits() {
        // 0xcbf43926 is the CRC-32 of this text in every description of the algorithm.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(checksum(""), "000000");
    }

    #[test]
    fn the_errors_of_a_new_token_name_every_invalid_field() {
        let now = DateTime::UNIX_EPOCH;
        let new = |name: &str, scopes: &[&str], days| NewApiToken {
            name: name.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expires_at: now + Duration::days(days),
        };
        let check = |new: NewApiToken| new.parse(Role::Worker, now, Duration::days(366));
        let pointers =
            |new| -> Vec<String> { check(new).err().into_iter().flatten().map(|error| error.pointer).collect() };
        assert_eq!(check(new(" CI ", &["read"], 366)).unwrap().0, "CI");
        assert_eq!(pointers(new(" ", &[], 0)), ["/name", "/scopes", "/expires_at"]);
        let wrong = ["read", "close_days", "everything", "use_tasks"];
        assert_eq!(pointers(new("x", &wrong, 367)), ["/scopes/1", "/scopes/2", "/expires_at"]);
    }
}

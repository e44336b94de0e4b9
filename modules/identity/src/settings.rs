//! The section `auth` of the configuration.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::error::Error;

const ACCESS_TOKEN_MAX_S: u64 = 24 * 60 * 60;
const LONGEST_S: u64 = 10 * 366 * 24 * 60 * 60;
const HASHING_CONCURRENCY_MAX: usize = 64;

/// How tokens are made and how long they are good for. It may hold secrets: not to be logged.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The `iss` of our tokens.
    pub issuer: String,
    /// The `aud` of our tokens.
    pub audience: String,
    /// How long an access token is good for, in seconds; at most a day.
    pub access_token_s: u64,
    /// How long a refresh token is good for, in seconds; each use gives a new one.
    pub refresh_token_s: u64,
    /// How long a one-time link is good for, in seconds.
    pub link_s: u64,
    /// How many passwords are hashed at once; each takes tens of milliseconds of one core and 19 MiB.
    pub hashing_concurrency: usize,
    /// Ed25519 private keys, PEM (PKCS #8). The first signs, all verify; with none, one is made and kept in the database.
    pub keys: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "piecework".to_owned(),
            audience: "piecework".to_owned(),
            access_token_s: 600,
            refresh_token_s: 30 * 24 * 60 * 60,
            link_s: 72 * 60 * 60,
            hashing_concurrency: 2,
            keys: Vec::new(),
        }
    }
}

/// The lifetimes as durations, each within its bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    pub access_token: Duration,
    pub refresh_token: Duration,
    pub link: Duration,
}

impl Settings {
    /// Refuses what cannot be, naming the key.
    pub(crate) fn lifetimes(&self) -> Result<Lifetimes, Error> {
        for (key, text) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if text.trim().is_empty() {
                return Err(Error::Settings { key, reason: "must not be empty".to_owned() });
            }
        }
        if !(1..=HASHING_CONCURRENCY_MAX).contains(&self.hashing_concurrency) {
            let reason = format!("is 1 to {HASHING_CONCURRENCY_MAX}");
            return Err(Error::Settings { key: "hashing_concurrency", reason });
        }
        let lifetimes = Lifetimes {
            access_token: seconds("access_token_s", self.access_token_s, ACCESS_TOKEN_MAX_S)?,
            refresh_token: seconds("refresh_token_s", self.refresh_token_s, LONGEST_S)?,
            link: seconds("link_s", self.link_s, LONGEST_S)?,
        };
        // A session's row, and with it the word that it was revoked, may go once its last refresh token has expired.
        if lifetimes.refresh_token < lifetimes.access_token {
            return Err(Error::Settings {
                key: "refresh_token_s",
                reason: "must not be less than access_token_s".to_owned(),
            });
        }
        Ok(lifetimes)
    }
}

fn seconds(key: &'static str, value: u64, most: u64) -> Result<Duration, Error> {
    i64::try_from(value)
        .ok()
        .filter(|_| (1..=most).contains(&value))
        .map(Duration::seconds)
        .ok_or_else(|| Error::Settings { key, reason: format!("is 1 to {most} seconds") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_key(change: impl FnOnce(&mut Settings)) -> &'static str {
        let mut settings = Settings::default();
        change(&mut settings);
        match settings.lifetimes() {
            Err(Error::Settings { key, .. }) => key,
            _ => "none",
        }
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_name() {
        assert_eq!(refused_key(|_| {}), "none");
        assert_eq!(refused_key(|settings| settings.issuer = " ".to_owned()), "issuer");
        assert_eq!(refused_key(|settings| settings.access_token_s = 0), "access_token_s");
        assert_eq!(refused_key(|settings| settings.refresh_token_s = u64::MAX), "refresh_token_s");
        assert_eq!(refused_key(|settings| settings.refresh_token_s = 599), "refresh_token_s");
        assert_eq!(refused_key(|settings| settings.link_s = 0), "link_s");
        assert_eq!(refused_key(|settings| settings.hashing_concurrency = 0), "hashing_concurrency");
    }
}

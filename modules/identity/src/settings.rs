//! The settings of the module: the section `auth` of the configuration, and the limits of logins.

use std::sync::Arc;

use chrono::Duration;
use kernel::http::rate_limit::RatePolicy;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::error::Error;

/// Maximum lifetime of an access token, in seconds: a day.
const ACCESS_TOKEN_MAX_S: u64 = 24 * 60 * 60;
/// Maximum lifetime of a refresh token or a link, in seconds: ten years.
const LIFETIME_MAX_S: u64 = 10 * 366 * 24 * 60 * 60;
/// Maximum lifetime of a link to set a forgotten password, in seconds: a day. Its token is in a
/// mail, and in an event until that is delivered.
const RESET_LINK_MAX_S: u64 = 24 * 60 * 60;
/// Maximum number of days that a setting may allow for an API token: ten years.
const API_TOKEN_DAYS_MAX: u32 = 3_660;
/// Maximum number of passwords that are hashed at the same time.
const HASHING_CONCURRENCY_MAX: usize = 64;

/// Maximum number of attempts from unfamiliar addresses whose passwords are checked or wait for it.
/// It is half of what may wait in total, so that an attack leaves room for people who come from
/// where they always come from.
const UNFAMILIAR_ATTEMPTS_MAX: usize = 32;

/// How tokens are issued and how long they are valid. It may contain private keys; do not log it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The `iss` of the access tokens.
    pub issuer: String,
    /// The `aud` of the access tokens.
    pub audience: String,
    /// How long an access token is valid, in seconds; at most a day.
    pub access_token_s: u64,
    /// How long a refresh token is valid, in seconds. Each use gives a new one, so a session that
    /// is not used for this time ends.
    pub refresh_token_s: u64,
    /// How long a session lasts at most, in seconds, however often it is used.
    pub session_s: u64,
    /// How long a one-time link is valid, in seconds.
    pub link_s: u64,
    /// How long a link is valid that a person has asked for to set a forgotten password, in
    /// seconds; at most a day.
    pub password_reset_link_s: u64,
    /// Maximum number of mails with a link that a person gets in an hour. Further requests are
    /// answered like the others, and no mail is sent.
    pub link_mails_per_hour: u32,
    /// Maximum number of days until a personal API token expires.
    pub api_token_days_max: u32,
    /// Maximum number of passwords that are hashed at the same time, and never more than the cores
    /// less one. Each takes tens of milliseconds of one core and 19 MiB, which are kept.
    pub hashing_concurrency: usize,
    /// Ed25519 private keys as PEM (PKCS #8). The first signs, all verify. If there are none, one
    /// is created and stored in the database.
    pub keys: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "piecework".to_owned(),
            audience: "piecework".to_owned(),
            access_token_s: 600,
            refresh_token_s: 14 * 24 * 60 * 60,
            session_s: 30 * 24 * 60 * 60,
            link_s: 72 * 60 * 60,
            password_reset_link_s: 60 * 60,
            link_mails_per_hour: 3,
            api_token_days_max: 366,
            hashing_concurrency: 2,
            keys: Vec::new(),
        }
    }
}

/// How often a login may fail.
#[derive(Clone)]
pub struct LoginLimits {
    /// Failed logins from one address. `None`: any number.
    pub(crate) per_address: Option<RatePolicy>,
    /// Failed logins of one account from unfamiliar addresses. `None`: any number.
    pub(crate) per_account: Option<RatePolicy>,
    /// Requests for a mail with a link from one address. `None`: any number.
    pub(crate) resets_per_address: Option<RatePolicy>,
    /// The places of attempts from unfamiliar addresses in this process.
    pub(crate) unfamiliar: Arc<Semaphore>,
}

impl Default for LoginLimits {
    /// Nothing is limited.
    fn default() -> Self {
        Self::new(0, 0, 0)
    }
}

impl LoginLimits {
    /// The limits of failed logins, from one address in a minute and of one account in an hour, and
    /// of requests for a mail with a link, from one address in an hour. 0 is no limit.
    #[must_use]
    pub fn new(per_address_per_minute: u32, per_account_per_hour: u32, resets_per_address_per_hour: u32) -> Self {
        let policy = |name, quota, window_s| (quota > 0).then_some(RatePolicy { name, quota, window_s });
        Self {
            per_address: policy("failed_logins_per_address", per_address_per_minute, 60),
            per_account: policy("failed_logins_per_account", per_account_per_hour, 3_600),
            resets_per_address: policy("password_resets_per_address", resets_per_address_per_hour, 3_600),
            unfamiliar: Arc::new(Semaphore::new(UNFAMILIAR_ATTEMPTS_MAX)),
        }
    }
}

/// The lifetimes as durations, each within its limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    /// How long an access token is valid.
    pub access_token: Duration,
    /// How long a refresh token is valid.
    pub refresh_token: Duration,
    /// How long a session lasts at most.
    pub session: Duration,
    /// How long a one-time link is valid.
    pub link: Duration,
    /// How long a link is valid that a person has asked for to set a forgotten password.
    pub password_reset_link: Duration,
    /// The longest time until a personal API token expires.
    pub api_token_max: Duration,
}

impl Settings {
    /// Checks all settings and returns the lifetimes. The error names the invalid setting.
    pub(crate) fn lifetimes(&self) -> Result<Lifetimes, Error> {
        for (key, text) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if text.trim().is_empty() {
                return Err(Error::Settings { key, reason: "must not be empty".to_owned() });
            }
        }
        if !(1..=HASHING_CONCURRENCY_MAX).contains(&self.hashing_concurrency) {
            let reason = format!("must be 1 to {HASHING_CONCURRENCY_MAX}");
            return Err(Error::Settings { key: "hashing_concurrency", reason });
        }
        let lifetimes = Lifetimes {
            access_token: seconds("access_token_s", self.access_token_s, ACCESS_TOKEN_MAX_S)?,
            refresh_token: seconds("refresh_token_s", self.refresh_token_s, LIFETIME_MAX_S)?,
            session: seconds("session_s", self.session_s, LIFETIME_MAX_S)?,
            link: seconds("link_s", self.link_s, LIFETIME_MAX_S)?,
            password_reset_link: seconds("password_reset_link_s", self.password_reset_link_s, RESET_LINK_MAX_S)?,
            api_token_max: Duration::days(self.api_token_days_max.into()),
        };
        if self.link_mails_per_hour == 0 {
            return Err(Error::Settings { key: "link_mails_per_hour", reason: "must be at least 1".to_owned() });
        }
        if !(1..=API_TOKEN_DAYS_MAX).contains(&self.api_token_days_max) {
            let reason = format!("must be 1 to {API_TOKEN_DAYS_MAX}");
            return Err(Error::Settings { key: "api_token_days_max", reason });
        }
        // A session is deleted with its revocation once its last refresh token has expired.
        if lifetimes.refresh_token < lifetimes.access_token {
            return Err(Error::Settings {
                key: "refresh_token_s",
                reason: "must not be less than access_token_s".to_owned(),
            });
        }
        // Otherwise no session would end because it is not used.
        if lifetimes.session < lifetimes.refresh_token {
            return Err(Error::Settings {
                key: "session_s",
                reason: "must not be less than refresh_token_s".to_owned(),
            });
        }
        Ok(lifetimes)
    }
}

fn seconds(key: &'static str, value: u64, max: u64) -> Result<Duration, Error> {
    i64::try_from(value)
        .ok()
        .filter(|_| (1..=max).contains(&value))
        .map(Duration::seconds)
        .ok_or_else(|| Error::Settings { key, reason: format!("must be 1 to {max} seconds") })
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
    fn the_error_names_the_invalid_setting() {
        assert_eq!(refused_key(|_| {}), "none");
        assert_eq!(refused_key(|settings| settings.issuer = " ".to_owned()), "issuer");
        assert_eq!(refused_key(|settings| settings.access_token_s = 0), "access_token_s");
        assert_eq!(refused_key(|settings| settings.refresh_token_s = u64::MAX), "refresh_token_s");
        assert_eq!(refused_key(|settings| settings.refresh_token_s = 599), "refresh_token_s");
        assert_eq!(refused_key(|settings| settings.session_s = 0), "session_s");
        assert_eq!(refused_key(|settings| settings.session_s = settings.refresh_token_s - 1), "session_s");
        assert_eq!(refused_key(|settings| settings.link_s = 0), "link_s");
        assert_eq!(refused_key(|settings| settings.password_reset_link_s = 86_401), "password_reset_link_s");
        assert_eq!(refused_key(|settings| settings.link_mails_per_hour = 0), "link_mails_per_hour");
        assert_eq!(refused_key(|settings| settings.api_token_days_max = 0), "api_token_days_max");
        assert_eq!(refused_key(|settings| settings.hashing_concurrency = 0), "hashing_concurrency");
    }
}

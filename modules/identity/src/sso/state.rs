//! What a login remembers while the browser is at the provider. It is in a cookie of the browser,
//! signed, so that only the browser that began a login can end it.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::secret::{hash_secret, new_secret};

/// The `typ` of the signed state. It distinguishes the state from access tokens.
pub(crate) const STATE_TYPE: &str = "sso-login+jwt";
/// How long a login at the provider may take.
pub(crate) const STATE_LIFETIME: Duration = Duration::minutes(10);

/// A login that has begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LoginState {
    /// The address of this program to which the provider sends the browser.
    pub aud: String,
    /// When the login has to be completed, in Unix seconds.
    pub exp: i64,
    /// The `state` of the request to the provider.
    pub state: String,
    /// The `nonce` of the request, which the ID token repeats.
    pub nonce: String,
    /// The PKCE verifier (RFC 7636). The request has its hash.
    pub verifier: String,
    /// The path to return to.
    pub return_to: String,
}

impl LoginState {
    /// A new login.
    pub fn new(ambient: &kernel::Ambient, redirect_uri: &str, return_to: &str) -> Self {
        Self {
            aud: redirect_uri.to_owned(),
            exp: (ambient.now() + STATE_LIFETIME).timestamp(),
            state: new_secret(ambient),
            nonce: new_secret(ambient),
            verifier: new_secret(ambient),
            return_to: return_to.to_owned(),
        }
    }

    /// Whether this login, in the browser's cookie, is the one that the provider answers, and may
    /// still be completed.
    pub fn is_answered_by(&self, state: &str, redirect_uri: &str, now: DateTime<Utc>) -> bool {
        // Hashes, so that the time of the comparison says nothing about the state.
        let is_same = hash_secret(state) == self.hash();
        is_same && self.aud == redirect_uri && now.timestamp() < self.exp
    }

    /// The hash of the state, under which its use is stored.
    pub fn hash(&self) -> Vec<u8> {
        hash_secret(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_completed_once_begun_in_time_and_for_the_same_address() {
        let ambient = kernel::Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let now = ambient.now();
        let login = LoginState::new(&ambient, "https://a/callback", "/");
        let other = LoginState::new(&ambient, "https://a/callback", "/");
        assert!(login.is_answered_by(&login.state, "https://a/callback", now + Duration::seconds(599)));
        assert!(!login.is_answered_by(&login.state, "https://a/callback", now + Duration::seconds(600)));
        assert!(!login.is_answered_by(&other.state, "https://a/callback", now));
        assert!(!login.is_answered_by("", "https://a/callback", now));
        assert!(!login.is_answered_by(&login.state, "https://b/callback", now));
    }

    #[test]
    fn the_secrets_of_a_login_differ() {
        let ambient = kernel::Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let login = LoginState::new(&ambient, "", "/");
        assert!(login.state != login.nonce && login.nonce != login.verifier && login.verifier != login.state);
    }
}

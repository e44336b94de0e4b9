//! Login, refresh, logout.

use chrono::{DateTime, Utc};
use contracts::{PersonId, SessionId};
use kernel::auth::Caller;
use kernel::{Tx, db};

use super::Identity;
use crate::domain::Email;
use crate::error::Error;
use crate::revocations::RevokedSession;
use crate::secret::{hash_secret, new_secret};
use crate::store;
use crate::store::people::Credentials;
use crate::tokens::Subject;

/// How many rows one look of the prune job deletes of each kind.
const PRUNE_LIMIT: i64 = 5_000;

/// What a login or a refresh gives.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: String,
    /// When the access token expires.
    pub access_expires_at: DateTime<Utc>,
    /// Seconds until then.
    pub expires_in_s: i64,
    pub refresh_token: String,
    pub refresh_expires_at: DateTime<Utc>,
}

impl Identity {
    /// Begins a session. `Error::WrongCredentials` for an unknown address, a wrong password and a deactivated person alike, and
    /// each takes as long; `Error::Busy` when too many passwords wait to be checked.
    pub async fn login(&self, email: &str, password: &str) -> Result<Tokens, Error> {
        let known = match Email::parse(email) {
            Ok(email) => {
                let mut connection = self.write.acquire().await?;
                store::people::find_credentials_by_email(&mut connection, &email.key).await?
            }
            Err(_) => None,
        };
        let stored = known.as_ref().and_then(|person| person.password_hash.as_deref());
        let fits = self.shared.hashing.verify(password, stored).await?;
        let person = known.filter(|_| fits).ok_or(Error::WrongCredentials)?;

        let mut tx = self.write.begin().await?;
        // Checking took its time: what was checked must still hold.
        let present = store::people::hold_credentials(&mut tx, person.person_id).await?;
        let present = present
            .filter(|present| present.active && present.password_hash == person.password_hash)
            .ok_or(Error::WrongCredentials)?;
        let session_id: SessionId = tx.new_id();
        let (now, expires_at) = (tx.now(), tx.now() + self.shared.lifetimes.refresh_token);
        store::sessions::insert_session(&mut tx, session_id, present.person_id, now, expires_at).await?;
        let tokens = self.give_tokens(&mut tx, session_id, &present).await?;
        tx.commit().await?;
        tracing::info!(person_id = %present.person_id, %session_id, "logged in");
        Ok(tokens)
    }

    /// Gives new tokens for a refresh token, which is used up by it. One that comes a second time has been stolen, or its
    /// answer was lost: either way the session ends (`Error::RefreshReused`).
    ///
    /// While nothing can be written, the session lives on by `extend`.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, Error> {
        let token_hash = hash_secret(refresh_token);
        let mut tx = match self.write.begin().await {
            Err(error) if db::is_unavailable(&error) => {
                // Where there is no replica the first failure says it all.
                return self.extend(refresh_token, &token_hash).await?.ok_or(Error::Database(error));
            }
            begun => begun?,
        };
        let now = tx.now();
        let token = store::sessions::lock_refresh_token(&mut tx, &token_hash).await?.ok_or(Error::RefreshInvalid)?;
        if token.session_revoked_at.is_some() || token.expires_at <= now {
            return Err(Error::RefreshInvalid);
        }
        if token.used_at.is_some() {
            tracing::warn!(person_id = %token.person_id, session_id = %token.session_id, "a refresh token was used twice");
            self.end_session(tx, token.session_id).await?;
            return Err(Error::RefreshReused);
        }
        // Read without a lock: whatever changes now makes the new access token worthless by its version.
        let person = store::people::find_credentials(&mut tx, token.person_id).await?;
        let person = person.filter(|person| person.active).ok_or(Error::RefreshInvalid)?;
        store::sessions::mark_refresh_token_used(&mut tx, &token_hash, now).await?;
        let tokens = self.give_tokens(&mut tx, token.session_id, &person).await?;
        tx.commit().await?;
        Ok(tokens)
    }

    /// Gives a new access token for a refresh token that a replica finds good, and the same refresh token again: its use cannot
    /// be written down. `None` if nobody can be asked either.
    async fn extend(&self, refresh_token: &str, token_hash: &[u8]) -> Result<Option<Tokens>, Error> {
        let now = self.write.ambient().now();
        let mut connection = match self.read.acquire().await {
            Err(error) if db::is_unavailable(&error) => return Ok(None),
            acquired => acquired?,
        };
        let token = store::sessions::find_refresh_token(&mut connection, token_hash).await?;
        let token = token.ok_or(Error::RefreshInvalid)?;
        let person = store::people::find_credentials(&mut connection, token.person_id).await?;
        let person = person.filter(|person| person.active).ok_or(Error::RefreshInvalid)?;
        if token.used_at.is_some() || token.session_revoked_at.is_some() || token.expires_at <= now {
            return Err(Error::RefreshInvalid);
        }
        let jti = self.write.ambient().new_id::<PersonId>().uuid();
        let lifetime = self.shared.lifetimes.access_token;
        let access_token = self.keyring().issue(subject(token.session_id, &person), jti, now, lifetime)?;
        Ok(Some(Tokens {
            access_token,
            access_expires_at: now + lifetime,
            expires_in_s: lifetime.num_seconds(),
            refresh_token: refresh_token.to_owned(),
            refresh_expires_at: token.expires_at,
        }))
    }

    /// Ends the caller's session: its tokens are refused from now on, here at once and in other processes within two seconds.
    pub async fn logout(&self, caller: Caller) -> Result<(), Error> {
        let tx = self.write.begin().await?;
        self.end_session(tx, caller.session_id).await?;
        tracing::info!(person_id = %caller.person_id, session_id = %caller.session_id, "logged out");
        Ok(())
    }

    async fn end_session(&self, mut tx: Tx, session_id: SessionId) -> Result<(), Error> {
        let now = tx.now();
        store::sessions::revoke_session(&mut tx, session_id, now).await?;
        tx.commit().await?;
        self.shared.revocations.add(&[], &[RevokedSession { session_id, revoked_at: now }]);
        Ok(())
    }

    async fn give_tokens(&self, tx: &mut Tx, session_id: SessionId, person: &Credentials) -> Result<Tokens, Error> {
        let lifetimes = self.shared.lifetimes;
        let (now, refresh_expires_at) = (tx.now(), tx.now() + lifetimes.refresh_token);
        let refresh_token = new_secret(tx.ambient());
        store::sessions::insert_refresh_token(tx, &hash_secret(&refresh_token), session_id, now, refresh_expires_at)
            .await?;
        let jti = tx.new_id::<PersonId>().uuid();
        let access_token = self.keyring().issue(subject(session_id, person), jti, now, lifetimes.access_token)?;
        Ok(Tokens {
            access_token,
            access_expires_at: now + lifetimes.access_token,
            expires_in_s: lifetimes.access_token.num_seconds(),
            refresh_token,
            refresh_expires_at,
        })
    }

    /// Forgets a bounded number of expired refresh tokens, sessions and links; true if there may be more.
    pub(crate) async fn prune(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let sessions = store::sessions::prune_sessions(&mut tx, now, PRUNE_LIMIT).await?;
        let links = store::links::prune_links(&mut tx, now - super::links::KEPT_AFTER_EXPIRY, PRUNE_LIMIT).await?;
        tx.commit().await?;
        Ok(sessions.max(links) >= PRUNE_LIMIT.unsigned_abs())
    }
}

/// Whom a new access token of this session speaks for.
const fn subject(session_id: SessionId, person: &Credentials) -> Subject {
    Subject { person_id: person.person_id, session_id, role: person.role, access_version: person.access_version }
}

//! Refreshing a session: a refresh token is used once, and for a moment gives the same successor
//! again (decision 12).

use chrono::{DateTime, Utc};
use contracts::AuditAction;
use kernel::Tx;
use kernel::events::audit::Audit;
use kernel::http::context::client_address;
use sqlx::PgConnection;
use tracing::field::display;

use crate::domain::{Credentials, RefreshToken, RefreshTokenUse};
use crate::error::Error;
use crate::secret::{hash_secret, new_salt, successor_of};
use crate::service::Identity;
use crate::sessions::Tokens;
use crate::store;

impl Identity {
    /// Gives new tokens for a refresh token. Its first use gives it a successor. For thirty seconds
    /// further uses give the same successor, as long as that is not used itself. Any other use of a
    /// used token ends the session (`Error::RefreshReused`), because two clients have the token.
    ///
    /// While no primary is available, `extend_session` keeps the client logged in.
    pub async fn refresh_tokens(&self, refresh_token: &str) -> Result<Tokens, Error> {
        let token_hash = hash_secret(refresh_token);
        let mut tx = match self.write.begin().await {
            Err(error) if error.is_unavailable() => {
                // Without a replica, the error of the primary is the answer.
                return self.extend_session(refresh_token, &token_hash).await?.ok_or(Error::Database(error));
            }
            begun => begun?,
        };
        let now = tx.now();
        let token = store::refresh_tokens::lock_refresh_token(&mut tx, &token_hash).await?;
        let token = token.ok_or(Error::RefreshInvalid)?;
        match token.check(now, self.inner.lifetimes.session)? {
            RefreshTokenUse::First => self.rotate(tx, &token, refresh_token, &token_hash).await,
            RefreshTokenUse::Repeated(salt) => {
                let successor = successor_of(refresh_token, salt);
                match unused(&mut tx, &successor, now).await? {
                    Some(found) => {
                        let person = active_person(&mut tx, &token).await?;
                        let tokens =
                            self.sign_tokens(token.session_id, token.session_created_at, now, &person, successor)?;
                        tx.commit().await?;
                        // The time of the successor runs since its first answer.
                        Ok(tokens.with_refresh_end(found.expires_at, now))
                    }
                    None => self.end_reused(tx, &token).await,
                }
            }
            RefreshTokenUse::Reused => self.end_reused(tx, &token).await,
        }
    }

    /// Replaces the token by its successor.
    async fn rotate(
        &self,
        mut tx: Tx,
        token: &RefreshToken,
        refresh_token: &str,
        token_hash: &[u8],
    ) -> Result<Tokens, Error> {
        let (now, session_id) = (tx.now(), token.session_id);
        // Not locked: a change that commits meanwhile revokes the new access token by its version.
        let person = active_person(&mut tx, token).await?;
        let salt = new_salt(tx.ambient());
        let successor = successor_of(refresh_token, &salt);
        let tokens = self.sign_tokens(session_id, token.session_created_at, now, &person, successor)?;
        let expires_at = tokens.refresh_expires_at;
        store::refresh_tokens::update_refresh_token_used_at(&mut tx, token_hash, &salt, now).await?;
        let successor_hash = hash_secret(&tokens.refresh_token);
        store::refresh_tokens::insert_refresh_token(&mut tx, &successor_hash, session_id, now, expires_at).await?;
        store::sessions::update_session_used(&mut tx, session_id, now, expires_at).await?;
        tx.commit().await?;
        Ok(tokens)
    }

    async fn end_reused(&self, mut tx: Tx, token: &RefreshToken) -> Result<Tokens, Error> {
        let (person_id, session_id) = (token.person_id, token.session_id);
        let client_address = client_address().map(display);
        tracing::warn!(%person_id, %session_id, client_address, "a refresh token was used again, so its session was ended");
        tx.audit(Audit::new(AuditAction::RefreshTokenReused).of(person_id).with("session_id", session_id)).await?;
        self.revoke_session(tx, session_id).await?;
        Err(Error::RefreshReused)
    }

    /// Gives a new access token for a refresh token that is valid on a replica. The refresh token
    /// stays the same, because its use cannot be stored. `None` if no replica is available.
    async fn extend_session(&self, refresh_token: &str, token_hash: &[u8]) -> Result<Option<Tokens>, Error> {
        let now = self.write.ambient().now();
        let mut connection = match self.read.acquire().await {
            Err(error) if error.is_unavailable() => return Ok(None),
            acquired => acquired?,
        };
        let token = store::refresh_tokens::load_refresh_token(&mut connection, token_hash).await?;
        let token = token.ok_or(Error::RefreshInvalid)?;
        let (continued, expires_at) = match token.check(now, self.inner.lifetimes.session)? {
            RefreshTokenUse::First => (refresh_token.to_owned(), token.expires_at),
            RefreshTokenUse::Repeated(salt) => {
                let successor = successor_of(refresh_token, salt);
                let found = unused(&mut connection, &successor, now).await?.ok_or(Error::RefreshInvalid)?;
                (successor, found.expires_at)
            }
            RefreshTokenUse::Reused => return Err(Error::RefreshInvalid),
        };
        let person = active_person(&mut connection, &token).await?;
        let tokens = self.sign_tokens(token.session_id, token.session_created_at, now, &person, continued)?;
        Ok(Some(tokens.with_refresh_end(expires_at, now)))
    }
}

/// The token, if it exists and was not used yet.
async fn unused(
    connection: &mut PgConnection,
    refresh_token: &str,
    now: DateTime<Utc>,
) -> Result<Option<RefreshToken>, Error> {
    let found = store::refresh_tokens::load_refresh_token(connection, &hash_secret(refresh_token)).await?;
    Ok(found.filter(|token| token.is_unused(now)))
}

/// The person of the token's session, if the person may still log in.
async fn active_person(connection: &mut PgConnection, token: &RefreshToken) -> Result<Credentials, Error> {
    let person = store::credentials::load_credentials(connection, token.person_id).await?;
    person.filter(|person| person.active).ok_or(Error::RefreshInvalid)
}

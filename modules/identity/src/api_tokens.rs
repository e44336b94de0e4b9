//! Personal API tokens: creating, listing and revoking them, and the requests that use them.

use chrono::Duration;
use contracts::{ApiTokenId, AuditAction, PersonId, Role};
use kernel::DbError;
use kernel::events::audit::Audit;
use kernel::http::auth::{Caller, Credential};
use kernel::http::paging::Limit;

use crate::domain::{ApiToken, ApiTokenAccess, NewApiToken, RevokedApiToken, is_well_formed, new_api_token};
use crate::error::Error;
use crate::secret::hash_secret;
use crate::service::Identity;
use crate::store;

/// Maximum number of valid tokens of a person.
const TOKENS_OF_PERSON_MAX: i64 = 50;
/// How long an expired token is kept, so that its use is refused with the reason that it has
/// expired.
const RETENTION: Duration = Duration::days(30);
/// Maximum number of tokens that one run of the prune job deletes.
const PRUNE_TOKENS_MAX: i64 = 5_000;

/// A token that was just created.
#[derive(Debug, Clone)]
pub struct CreatedApiToken {
    /// The token without its secret.
    pub details: ApiToken,
    /// The token itself. It is shown once: only its hash is stored.
    pub token: String,
}

impl Identity {
    /// Creates a token for the person. `Error::Invalid` has every invalid field;
    /// `Error::TooManyApiTokens`.
    pub async fn create_api_token(
        &self,
        person_id: PersonId,
        role: Role,
        new: NewApiToken,
    ) -> Result<CreatedApiToken, Error> {
        let mut tx = self.write.begin_command().await?;
        let now = tx.now();
        let parsed = new.parse(role, now, self.inner.lifetimes.api_token_max);
        let (name, scopes) = parsed.map_err(Error::Invalid)?;
        // The person is locked, so that requests at the same time are counted one after the other.
        let person = store::people::lock_person(&mut tx, person_id).await?.ok_or(Error::PersonNotFound)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        if store::api_tokens::count_api_tokens(&mut tx, person_id, now).await? >= TOKENS_OF_PERSON_MAX {
            return Err(Error::TooManyApiTokens);
        }
        let (id, token) = (tx.new_id(), new_api_token(tx.ambient()));
        let (created_at, expires_at) = (now, new.expires_at);
        let details = ApiToken { id, person_id, name, scopes, created_at, expires_at, last_used_at: None };
        store::api_tokens::insert_api_token(&mut tx, &details, &hash_secret(&token)).await?;
        tx.audit(Audit::new(AuditAction::ApiTokenCreated).of(person_id).with("token_id", id)).await?;
        let created = CreatedApiToken { details, token };
        tx.commit_command(&created).await?;
        tracing::info!(%person_id, token_id = %id, ?scopes, %expires_at, "created an API token");
        Ok(created)
    }

    /// The person's tokens that are not revoked, the oldest first: `limit.rows()` rows.
    pub async fn list_api_tokens(
        &self,
        person_id: PersonId,
        after: Option<ApiTokenId>,
        limit: Limit,
    ) -> Result<Vec<ApiToken>, Error> {
        let read = async |connection: &mut _| {
            store::api_tokens::list_api_tokens(connection, person_id, after, limit.rows()).await
        };
        Ok(self.read.run(read).await?)
    }

    /// Revokes a token of the person. This process refuses it at once, other processes within two
    /// seconds. `Error::ApiTokenNotFound` if the person has no such token.
    pub async fn delete_api_token(&self, person_id: PersonId, id: ApiTokenId) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        let revoked_at = tx.now();
        if !store::api_tokens::update_api_token_revoked_at(&mut tx, id, person_id, revoked_at).await? {
            return Err(Error::ApiTokenNotFound);
        }
        tx.audit(Audit::new(AuditAction::ApiTokenRevoked).of(person_id).with("token_id", id)).await?;
        tx.commit().await?;
        self.inner.revocations.add_api_tokens(&[RevokedApiToken { id, revoked_at }]);
        let changed_by = self.changed_by();
        tracing::info!(%person_id, token_id = %id, changed_by, "revoked an API token");
        Ok(())
    }

    /// The caller who sent this API token.
    pub(crate) async fn authenticate_api_token(&self, token: &str) -> Result<Caller, Error> {
        if !is_well_formed(token) {
            return Err(Error::TokenInvalid);
        }
        let token_hash = hash_secret(token);
        let now = self.write.ambient().now();
        let cached = self.inner.api_tokens.get(&token_hash, now);
        let access = match cached.filter(|access| !self.inner.revocations.is_outdated(access)) {
            Some(access) => access,
            // Boxed, so that the future of each request stays small.
            None => Box::pin(self.load_api_token_access(token_hash)).await?,
        };
        if self.inner.revocations.is_api_token_revoked(access.id) {
            return Err(Error::TokenRevoked);
        }
        access.check(now)?;
        let credential = Credential::ApiToken { token_id: access.id, scopes: access.scopes };
        Ok(Caller { person_id: access.person_id, role: access.role, credential })
    }

    async fn load_api_token_access(&self, token_hash: Vec<u8>) -> Result<ApiTokenAccess, Error> {
        let loaded = {
            let mut connection = self.acquire_strong().await?;
            store::api_tokens::load_api_token_access(&mut connection, &token_hash).await?
        };
        let access = loaded.ok_or(Error::TokenInvalid)?;
        if self.inner.revocations.is_outdated(&access) {
            // A replica that answers for the primary does not know the person's present access.
            return Err(DbError::unavailable("the person's access is not known yet").into());
        }
        let now = self.write.ambient().now();
        self.inner.api_tokens.insert(token_hash, access, now);
        if access.check(now).is_ok() {
            self.inner.api_tokens.note_use(access.id, now);
        }
        Ok(access)
    }

    /// Records the uses that this process has noted. It fails in a process whose login may only
    /// read.
    pub async fn record_api_token_uses(&self) -> Result<(), Error> {
        let uses = self.inner.api_tokens.take_uses();
        if uses.is_empty() {
            return Ok(());
        }
        let mut tx = self.write.begin().await?;
        store::api_tokens::update_api_tokens_last_used_at(&mut tx, &uses).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a limited number of tokens that have expired long ago. True if more may remain.
    pub(crate) async fn prune_api_tokens(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let before = tx.now() - RETENTION;
        let tokens = store::api_tokens::delete_expired_api_tokens(&mut tx, before, PRUNE_TOKENS_MAX).await?;
        tx.commit().await?;
        Ok(tokens >= PRUNE_TOKENS_MAX.unsigned_abs())
    }
}

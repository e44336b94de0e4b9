//! The API tokens that were used recently, in memory, so that most requests query no database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use chrono::{DateTime, Duration, Utc};
use contracts::ApiTokenId;

use crate::domain::ApiTokenAccess;

/// Maximum number of tokens in the cache. A full cache is emptied. A token takes about 200 bytes.
const TOKENS_MAX: usize = 4_096;
/// How long a token is used without being loaded again. It is shorter than a revocation is
/// remembered, so that a revoked token never comes back. Each load counts as a use of the token,
/// which is therefore recorded once in this time.
const AGE_MAX: Duration = Duration::seconds(60);

/// The cache of one process. The key is the hash of the token, so that the memory of the process
/// holds no token.
#[derive(Default)]
pub(crate) struct ApiTokenCache {
    tokens: RwLock<HashMap<Vec<u8>, CachedToken>>,
    /// The uses that are not recorded in the database yet.
    uses: Mutex<HashMap<ApiTokenId, DateTime<Utc>>>,
}

#[derive(Clone, Copy)]
struct CachedToken {
    access: ApiTokenAccess,
    loaded_at: DateTime<Utc>,
}

impl ApiTokenCache {
    /// The token, if it was loaded recently.
    pub fn get(&self, token_hash: &[u8], now: DateTime<Utc>) -> Option<ApiTokenAccess> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let cached = tokens.get(token_hash)?;
        // A clock that was set back must not extend the age.
        let age = now - cached.loaded_at;
        (Duration::zero() <= age && age < AGE_MAX).then_some(cached.access)
    }

    /// Adds a token that was just loaded.
    pub fn insert(&self, token_hash: Vec<u8>, access: ApiTokenAccess, now: DateTime<Utc>) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(token_hash, CachedToken { access, loaded_at: now });
    }

    /// Notes that a token was used.
    pub fn note_use(&self, id: ApiTokenId, now: DateTime<Utc>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < TOKENS_MAX {
            uses.insert(id, now);
        }
    }

    /// Takes the uses that were noted since the last call.
    pub fn take_uses(&self) -> Vec<(ApiTokenId, DateTime<Utc>)> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

#[cfg(test)]
mod tests {
    use contracts::{PersonId, Role, Scopes};
    use uuid::Uuid;

    use super::*;

    fn access() -> ApiTokenAccess {
        ApiTokenAccess {
            id: ApiTokenId::from(Uuid::from_u128(1)),
            person_id: PersonId::from(Uuid::from_u128(2)),
            role: Role::Worker,
            active: true,
            access_version: 1,
            scopes: Scopes::NONE,
            expires_at: DateTime::UNIX_EPOCH,
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_is_loaded_again_after_a_minute_and_after_the_clock_was_set_back() {
        let (cache, now) = (ApiTokenCache::default(), DateTime::UNIX_EPOCH);
        cache.insert(vec![1], access(), now);
        assert!(cache.get(&[1], now).is_some() && cache.get(&[2], now).is_none());
        assert!(cache.get(&[1], now + Duration::seconds(59)).is_some());
        assert!(cache.get(&[1], now + AGE_MAX).is_none());
        assert!(cache.get(&[1], now - Duration::seconds(1)).is_none());
    }

    #[test]
    fn the_cache_and_the_noted_uses_are_bounded() {
        let (cache, now) = (ApiTokenCache::default(), DateTime::UNIX_EPOCH);
        for number in 0..3 * TOKENS_MAX {
            cache.insert(number.to_le_bytes().to_vec(), access(), now);
            cache.note_use(ApiTokenId::from(Uuid::from_u128(number as u128)), now);
        }
        assert!(cache.tokens.read().unwrap().len() <= TOKENS_MAX);
        assert_eq!((cache.take_uses().len(), cache.take_uses().len()), (TOKENS_MAX, 0));
    }
}

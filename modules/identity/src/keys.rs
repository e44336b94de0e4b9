//! The keys that sign access tokens: loaded from the database, created if there are none, and
//! replaced by new ones.

use std::sync::{Arc, PoisonError};
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use contracts::AuditAction;
use kernel::events::audit::Audit;
use kernel::http::CursorKey;
use kernel::http::consistency::{self, Consistency, Positions};
use kernel::runtime::repeated::Repeated;
use serde_json::Value;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::time::Instant;

use crate::error::Error;
use crate::service::Identity;
use crate::store;
use crate::store::locks::AdvisoryLock;
use crate::store::signing_keys::StoredKey;
use crate::tokens::{Keyring, LEEWAY, SigningKey, new_private_key};

/// How long after its creation a key begins to sign. Every process has loaded the key by then.
const SIGNS_AFTER: Duration = Duration::seconds(5);
/// How long an old key verifies after the last token that it should have signed has expired. A
/// process that loads the new key late signs with the old one until then.
const MARGIN: Duration = Duration::minutes(1);
/// Minimum time between two loads of the keys because of tokens that name an unknown key.
const RELOAD_INTERVAL: StdDuration = StdDuration::from_secs(1);

static NOT_LOADED: Repeated = Repeated::new();

/// A change of the signing keys.
#[derive(Debug, Clone)]
pub struct KeyRotation {
    /// The id of the new key.
    pub key_id: String,
    /// From this moment on the new key signs.
    pub signs_from: DateTime<Utc>,
    /// Until this moment the old keys verify: the last token that they sign has expired by then.
    pub old_keys_verify_until: DateTime<Utc>,
}

impl Identity {
    /// The public signing keys, as `/.well-known/jwks.json` shows them.
    #[must_use]
    pub fn jwks(&self) -> Value {
        serde_json::to_value(self.keyring().jwks(self.write.ambient().now())).unwrap_or_default()
    }

    /// The keys that sign the cursors of lists. They are derived from the signing keys, so all
    /// processes have the same ones.
    #[must_use]
    pub fn cursor_keys(&self) -> Vec<CursorKey> {
        self.keyring().cursor_keys(self.write.ambient().now())
    }

    /// The keys that are in use now.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.inner.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the keys of the database and creates the first one if there is none. It does nothing
    /// if the configuration has the keys.
    pub(crate) async fn load_or_create_keys(&self) -> Result<(), Error> {
        if !self.inner.keys_in_database {
            return Ok(());
        }
        let mut tx = self.write.begin().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Keys).await?;
        let now = tx.now();
        let mut keys = store::signing_keys::list_signing_keys(&mut tx, now).await?;
        if keys.is_empty() {
            let private_key_pkcs8 = new_private_key(tx.ambient());
            let id = SigningKey::from_pkcs8(&private_key_pkcs8)?.id;
            store::signing_keys::insert_signing_key(&mut tx, &id, &private_key_pkcs8, now).await?;
            tx.audit(Audit::new(AuditAction::SigningKeyCreated).of(&id)).await?;
            tracing::info!(key_id = id, "created a signing key");
            keys.push(StoredKey { private_key_pkcs8, created_at: now, verifies_until: None });
        }
        tx.commit().await?;
        self.use_keys(&keys)
    }

    /// Loads the keys of the database; `Error::KeysNotLoaded` if there are none. It does nothing if
    /// the configuration has the keys.
    pub(crate) async fn load_keys(&self) -> Result<(), Error> {
        if !self.inner.keys_in_database {
            return Ok(());
        }
        let now = self.write.ambient().now();
        let keys = store::signing_keys::list_signing_keys(&mut *self.acquire_strong().await?, now).await?;
        if keys.is_empty() {
            return Err(Error::KeysNotLoaded);
        }
        self.use_keys(&keys)
    }

    /// Loads the keys because a token names one that this process does not know. Of many such
    /// requests one loads the keys, at most once a second. The others wait for it.
    pub(crate) async fn reload_keys_for_token(&self) {
        let mut loaded_at = self.inner.keys_loaded_at.lock().await;
        if loaded_at.is_some_and(|loaded_at| loaded_at.elapsed() < RELOAD_INTERVAL) {
            return;
        }
        *loaded_at = Some(Instant::now());
        if let Err(error) = self.load_keys().await
            && let Some(suppressed) = NOT_LOADED.due("")
        {
            tracing::warn!(%error, suppressed, "a token names an unknown key, and the keys cannot be loaded");
        }
    }

    /// Creates a new signing key. It signs as soon as every process has loaded it, and the old keys
    /// verify until the last token that they sign has expired, so no person is logged out.
    /// `Error::KeysInConfiguration` if the keys are not in the database.
    pub async fn rotate_keys(&self) -> Result<KeyRotation, Error> {
        if !self.inner.keys_in_database {
            return Err(Error::KeysInConfiguration);
        }
        let mut tx = self.write.begin().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Keys).await?;
        let now = tx.now();
        let signs_from = now + SIGNS_AFTER;
        let old_keys_verify_until = signs_from + self.inner.lifetimes.access_token + LEEWAY + MARGIN;
        store::signing_keys::update_verifies_until(&mut tx, old_keys_verify_until).await?;
        let private_key = new_private_key(tx.ambient());
        let key_id = SigningKey::from_pkcs8(&private_key)?.id;
        store::signing_keys::insert_signing_key(&mut tx, &key_id, &private_key, now).await?;
        tx.audit(Audit::new(AuditAction::SigningKeyCreated).of(&key_id)).await?;
        tx.commit().await?;
        self.load_keys().await?;
        tracing::info!(key_id, %signs_from, %old_keys_verify_until, "replaced the signing key");
        Ok(KeyRotation { key_id, signs_from, old_keys_verify_until })
    }

    /// Deletes the keys that verify nothing any more.
    pub(crate) async fn prune_keys(&self) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        store::signing_keys::delete_expired_signing_keys(&mut tx, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Replaces the keys in use, unless they are the same: a new keyring knows no verified token.
    fn use_keys(&self, keys: &[StoredKey]) -> Result<(), Error> {
        let keys = keys.iter().map(signing_key).collect::<Result<Vec<_>, _>>()?;
        let keyring = Keyring::new(keys, self.inner.issuer.clone(), self.inner.audience.clone());
        let mut current = self.inner.keyring.write().unwrap_or_else(PoisonError::into_inner);
        if !current.ids().eq(keyring.ids()) {
            *current = Arc::new(keyring);
        }
        Ok(())
    }

    /// A connection to the primary, or to a replica while the primary is unavailable.
    pub(crate) async fn acquire_strong(&self) -> Result<PoolConnection<Postgres>, kernel::DbError> {
        let strong = Consistency::new(Positions::default(), true);
        consistency::scope(Arc::new(strong), self.read.acquire()).await
    }
}

fn signing_key(stored: &StoredKey) -> Result<SigningKey, Error> {
    let mut key = SigningKey::from_pkcs8(&stored.private_key_pkcs8)?;
    key.signs_from = stored.created_at + SIGNS_AFTER;
    key.verifies_until = stored.verifies_until;
    Ok(key)
}

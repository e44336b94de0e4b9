//! The use cases; each owns its transaction.

mod import;
mod links;
mod people;
mod sessions;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kernel::auth::Caller;
use kernel::consistency::{self, Consistency, Positions};
use kernel::shutdown::ShutdownSignal;
use kernel::{Module, Problem, ReadPool, WritePool};
use serde_json::Value;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

pub use import::{Import, ImportReport, RefusedRow};
pub use links::SetPassword;
pub(crate) use people::PeopleQuery;
pub use sessions::Tokens;

use crate::error::Error;
use crate::hashing::PasswordHashing;
use crate::revocations::{ChangedAccess, Revocations};
use crate::settings::{Lifetimes, Settings};
use crate::store::{self, Lock};
use crate::tokens::{Keyring, SigningKey, new_private_key};
use crate::{http, jobs};

/// How soon a logout or a change of role is felt in the other processes.
const REVOCATIONS_POLL: Duration = Duration::from_secs(2);

/// People, login and tokens. Clones share everything.
#[derive(Clone)]
pub struct Identity {
    write: WritePool,
    read: ReadPool,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    audience: String,
    lifetimes: Lifetimes,
    /// False when the configuration names the keys.
    keys_in_database: bool,
    keyring: RwLock<Arc<Keyring>>,
    revocations: Revocations,
    hashing: PasswordHashing,
}

impl Identity {
    /// Fails only on settings that cannot be (`Error::Settings`); connects to nothing yet.
    pub fn new(write: WritePool, read: ReadPool, settings: Settings) -> Result<Self, Error> {
        let lifetimes = settings.lifetimes()?;
        let keys = settings.keys.iter().map(|pem| SigningKey::from_pem(pem)).collect::<Result<Vec<_>, _>>()?;
        let shared = Shared {
            lifetimes,
            keys_in_database: keys.is_empty(),
            keyring: RwLock::new(Arc::new(Keyring::new(keys, settings.issuer.clone(), settings.audience.clone()))),
            revocations: Revocations::new(lifetimes.access_token),
            hashing: PasswordHashing::new(settings.hashing_concurrency),
            issuer: settings.issuer,
            audience: settings.audience,
        };
        Ok(Self { write, read, shared: Arc::new(shared) })
    }

    /// To be called after the migrations and before the first request: loads the signing keys, makes one if there is none,
    /// and loads what is revoked. Safe to repeat, and in several processes at once.
    pub async fn prepare(&self) -> Result<(), Error> {
        if self.shared.keys_in_database {
            self.use_keys(self.load_keys().await?);
        }
        self.refresh_revocations().await
    }

    /// The same for a process that checks tokens and hosts no identity: it reads, and makes no key.
    /// `NotReady` until a process that does has made one.
    pub async fn prepare_to_check(&self) -> Result<(), Error> {
        if self.shared.keys_in_database {
            let keys = store::keys::list_keys(&mut *self.read_latest().await?).await?;
            if keys.is_empty() {
                return Err(Error::NotReady);
            }
            self.use_keys(keys.iter().map(|key| SigningKey::from_pkcs8(key)).collect::<Result<_, _>>()?);
        }
        self.refresh_revocations().await
    }

    fn use_keys(&self, keys: Vec<SigningKey>) {
        let keyring = Keyring::new(keys, self.shared.issuer.clone(), self.shared.audience.clone());
        *self.shared.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// The primary's answer, if it gives one.
    async fn read_latest(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let strong = Consistency::new(Positions::default(), true);
        consistency::scope(Arc::new(strong), self.read.acquire()).await
    }

    async fn load_keys(&self) -> Result<Vec<SigningKey>, Error> {
        let mut tx = self.write.begin().await?;
        store::take_lock(&mut tx, Lock::Keys).await?;
        let mut keys = store::keys::list_keys(&mut tx).await?;
        if keys.is_empty() {
            let private = new_private_key(tx.ambient());
            let id = SigningKey::from_pkcs8(&private)?.id;
            let now = tx.now();
            store::keys::insert_key(&mut tx, &id, &private, now).await?;
            tracing::info!(key_id = id, "made a signing key");
            keys.push(private);
        }
        tx.commit().await?;
        keys.iter().map(|key| SigningKey::from_pkcs8(key)).collect()
    }

    fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.shared.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the module gives to the process that hosts it.
    #[must_use]
    pub fn module(&self) -> Module {
        Module {
            name: "identity",
            routes: http::routes(self.clone()),
            write: Some(self.write.clone()),
            subscriber: None,
            jobs: vec![jobs::prune(self.clone())],
        }
    }

    /// The public signing keys, as `/.well-known/jwks.json` shows them.
    #[must_use]
    pub fn jwks(&self) -> Value {
        serde_json::to_value(self.keyring().jwks()).unwrap_or_default()
    }

    /// Who sent this access token. Asks memory only; 401 with the reason if the token is no good.
    #[expect(clippy::unused_async, reason = "the gateway awaits it, so that a key may one day be looked up")]
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        let claims = self.keyring().verify(token, self.write.ambient().now())?;
        if self.shared.revocations.refuse(&claims) {
            return Err(Error::TokenRevoked.into());
        }
        Ok(Caller { person_id: claims.sub, role: claims.role, session_id: claims.sid })
    }

    /// Learns what other processes have revoked.
    pub async fn refresh_revocations(&self) -> Result<(), Error> {
        let now = self.write.ambient().now();
        let horizon = self.shared.revocations.horizon(now);
        let mut connection = self.read_latest().await?;
        let people = store::people::list_changed_access(&mut connection, horizon).await?;
        let sessions = store::sessions::list_revoked_sessions(&mut connection, horizon).await?;
        self.shared.revocations.add(&people, &sessions);
        self.shared.revocations.forget(now);
        Ok(())
    }

    /// Learns it every two seconds, until the shutdown. While the database is away, what is known stays known.
    pub async fn run_revocations(self, mut shutdown: ShutdownSignal) {
        let mut failing = false;
        while shutdown.or(tokio::time::sleep(REVOCATIONS_POLL)).await.is_some() {
            match shutdown.or(self.refresh_revocations()).await {
                None => break,
                Some(Ok(())) => failing = false,
                Some(Err(error)) => {
                    if !failing {
                        tracing::warn!(%error, "revocations by other processes are not seen at present");
                    }
                    failing = true;
                }
            }
        }
    }

    /// Feels a change of access in this process at once; to be called after the commit.
    fn note_changed_access(&self, change: ChangedAccess) {
        self.shared.revocations.add(&[change], &[]);
    }
}

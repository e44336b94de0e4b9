//! The service of the module: the state that its use cases share.

use std::sync::{Arc, RwLock};

use contracts::PersonId;
use kernel::{ReadPool, WritePool};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use crate::api_token_cache::ApiTokenCache;
use crate::error::Error;
use crate::hashing::{self, PasswordHashing};
use crate::revocation_list::RevocationList;
use crate::settings::{Lifetimes, LoginLimits, Settings};
use crate::sso::provider::Provider;
use crate::tokens::{Keyring, SigningKey};

/// People, login and access tokens. Clones share all state.
#[derive(Clone)]
pub struct Identity {
    pub(crate) write: WritePool,
    pub(crate) read: ReadPool,
    pub(crate) inner: Arc<Inner>,
    /// How often a login may fail.
    pub(crate) login_limits: LoginLimits,
    /// The person on whose behalf this clone changes people. `None`: the program itself, such as a
    /// command. The log names the person.
    pub(crate) acting: Option<PersonId>,
    /// The OpenID provider; `None` without single sign-on.
    pub(crate) sso: Option<Arc<Provider>>,
}

/// The state of this process that all clones share.
pub(crate) struct Inner {
    /// The `iss` of the access tokens.
    pub issuer: String,
    /// The `aud` of the access tokens.
    pub audience: String,
    /// How long tokens and links are valid.
    pub lifetimes: Lifetimes,
    /// Whether the signing keys are stored in the database. False if the configuration has them.
    pub keys_in_database: bool,
    /// The keys that sign and verify access tokens. Keys of the database are loaded by `prepare`.
    pub keyring: RwLock<Arc<Keyring>>,
    /// When the keys were last loaded because a token names an unknown one.
    pub keys_loaded_at: Mutex<Option<Instant>>,
    /// What was revoked in this process or read from the database.
    pub revocations: RevocationList,
    /// Hashes and checks passwords.
    pub hashing: PasswordHashing,
    /// Maximum number of mails with a link that a person gets in an hour.
    pub link_mails_per_hour: i64,
    /// Notified when a person has asked for a link to set a forgotten password.
    pub reset_requested: Arc<Notify>,
    /// The API tokens that were used recently.
    pub api_tokens: ApiTokenCache,
}

impl Identity {
    /// Builds the service. It opens no connection. The only error is `Error::Settings`.
    pub fn new(write: WritePool, read: ReadPool, settings: Settings) -> Result<Self, Error> {
        let lifetimes = settings.lifetimes()?;
        let keys = settings.keys.iter().map(|pem| SigningKey::from_pem(pem)).collect::<Result<Vec<_>, _>>()?;
        let inner = Inner {
            lifetimes,
            keys_in_database: keys.is_empty(),
            keyring: RwLock::new(Arc::new(Keyring::new(keys, settings.issuer.clone(), settings.audience.clone()))),
            keys_loaded_at: Mutex::default(),
            revocations: RevocationList::new(lifetimes.access_token),
            hashing: PasswordHashing::new(hashing::concurrency(settings.hashing_concurrency)),
            link_mails_per_hour: settings.link_mails_per_hour.into(),
            reset_requested: Arc::default(),
            api_tokens: ApiTokenCache::default(),
            issuer: settings.issuer,
            audience: settings.audience,
        };
        let (inner, login_limits) = (Arc::new(inner), LoginLimits::default());
        Ok(Self { write, read, inner, login_limits, sso: None, acting: None })
    }

    /// The service as this person uses it: the log names them beside each change of a person.
    #[must_use]
    pub fn on_behalf_of(&self, person_id: PersonId) -> Self {
        Self { acting: Some(person_id), ..self.clone() }
    }

    /// The acting person, as a field of a log line.
    pub(crate) fn changed_by(&self) -> Option<tracing::field::DisplayValue<PersonId>> {
        self.acting.map(tracing::field::display)
    }

    /// Loads the signing keys, creates one if there is none, loads the revocations, and
    /// stores addresses from before IDNA in their ASCII form.
    ///
    /// Call it after the migrations and before the first request. It may be repeated, and several
    /// processes may call it at the same time.
    pub async fn prepare(&self) -> Result<(), Error> {
        self.load_or_create_keys().await?;
        self.normalise_addresses().await?;
        self.refresh_revocations().await
    }

    /// Loads the signing keys and the revocations in a process that verifies access tokens but does
    /// not host this module. It creates no key: `Error::KeysNotLoaded` if there is none yet.
    pub async fn prepare_remote(&self) -> Result<(), Error> {
        self.load_keys().await?;
        self.refresh_revocations().await
    }
}

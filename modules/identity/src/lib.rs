//! Identity: people and their roles, login, access tokens.
#![doc = include_str!("../README.md")]

mod api_token_cache;
mod api_tokens;
mod audit;
mod domain;
mod error;
mod forwarding;
mod hashing;
mod http;
mod import;
mod jobs;
mod keys;
mod links;
mod login_limits;
mod mailed_links;
mod passwords;
mod people;
mod refresh;
mod replay;
mod revocation_list;
mod revocations;
mod secret;
mod service;
mod sessions;
mod settings;
mod sso;
mod store;
mod subscriber;
mod tokens;

use kernel::Module;

pub use api_tokens::CreatedApiToken;
pub use domain::{ApiToken, Device, NewApiToken, NewPerson, Person, PersonUpdate, ProfileUpdate};
pub use error::{Error, PROBLEM_CODES};
pub use import::{CreatePeopleOptions, Import, ImportReport, KeptRow, RefusedRow, RepeatedRow};
pub use keys::KeyRotation;
pub use links::SetPassword;
pub use service::Identity;
pub use sessions::Tokens;
pub use settings::{LoginLimits, Settings};
pub use sso::SsoSettings;
pub use subscriber::EVENT_TYPES;

/// The migrations of the schema `identity`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/identity");

impl Identity {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let (service, hosted, remote) = (self.clone(), self.clone(), self.clone());
        let replaying = self.clone();
        Module::new("identity", move |config| http::routes(config, service.clone()))
            .with_schema(self.write.clone())
            .with_subscriber(subscriber::IdentitySubscriber)
            .with_job(jobs::answer_password_resets(self.clone()))
            .with_job(jobs::prune_idempotency_keys(self))
            .with_job(jobs::prune(self.clone()))
            .on_prepare(move |_| {
                let identity = hosted.clone();
                async move { Ok(identity.prepare().await?) }
            })
            .on_prepare_remote(move || {
                let identity = remote.clone();
                async move { Ok(identity.prepare_remote().await?) }
            })
            .on_replay(move |replay| {
                let identity = replaying.clone();
                async move { identity.replay(&replay).await }
            })
    }
}

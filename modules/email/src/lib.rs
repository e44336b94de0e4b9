//! Email: delivers the mail that other modules' events ask for, and decides nothing else.
#![doc = include_str!("../README.md")]

mod domain;
mod error;
mod http;
mod jobs;
mod message;
mod service;
mod settings;
mod statement;
mod store;
mod subscribers;
mod transport;

use std::sync::Arc;

use kernel::Module;

pub use domain::{Language, Mail, MailId, MailState};
pub use error::Error;
pub use http::MailView;
pub use service::Email;
pub use settings::{Settings, Transport};
pub use subscribers::EVENT_TYPES;

/// The migrations of the schema `email`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/email");

impl Email {
    /// What the hosting process plugs in.
    #[must_use]
    pub fn module(&self) -> Module {
        let email = self.clone();
        Module {
            name: "email",
            routes: Arc::new(move |config| http::routes(&email, config)),
            write: Some(self.inner().write.clone()),
            subscriber: Some(Arc::new(subscribers::EmailSubscriber { inner: Arc::clone(self.inner()) })),
            jobs: vec![jobs::send(self)],
        }
    }
}

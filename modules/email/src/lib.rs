//! Email: delivers the mail that events of other modules ask for, and decides nothing else.
#![doc = include_str!("../README.md")]

mod delete_texts;
mod deliver;
mod domain;
mod error;
mod http;
mod jobs;
mod measure;
mod message;
mod notice;
mod outage;
mod password_link;
mod read;
mod resend;
mod service;
mod settings;
mod smtp;
mod statement;
mod store;
mod subscriber;
mod transport;
mod verify;

use kernel::Module;

pub use domain::{Language, Mail, MailFilter, MailId, MailState};
pub use error::{Error, PROBLEM_CODES};
pub use service::Email;
pub use settings::{Settings, Transport};
pub use subscriber::EVENT_TYPES;

/// The migrations of the schema `email`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/email");

impl Email {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let service = self.clone();
        let (preparing, measured) = (self.clone(), self.clone());
        Module::new("email", move |config| http::routes(config, service.clone()))
            .with_schema(self.inner.write.clone())
            .with_subscriber(subscriber::EmailSubscriber { email: self.clone() })
            .with_job(jobs::deliver_due_mails(self))
            .with_job(jobs::delete_old_texts(self))
            .with_job(jobs::prune_idempotency_keys(self))
            .on_prepare(move |_| {
                let email = preparing.clone();
                async move { Ok(email.prepare().await?) }
            })
            .on_measure(move || {
                let email = measured.clone();
                async move { email.measure().await }
            })
    }
}

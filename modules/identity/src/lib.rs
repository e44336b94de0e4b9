//! Identity: people with four roles, login, tokens.
#![doc = include_str!("../README.md")]

mod domain;
mod error;
mod hashing;
mod http;
mod jobs;
mod revocations;
mod secret;
mod service;
mod settings;
mod store;
mod tokens;

pub use domain::{NewPerson, Person, PersonChange};
pub use error::Error;
pub use service::{Identity, Import, ImportReport, RefusedRow, SetPassword, Tokens};
pub use settings::Settings;

/// The schema `identity`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/identity");

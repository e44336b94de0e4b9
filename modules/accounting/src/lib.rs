//! Accounting: prices, the ledger, wallets, days and payouts.
#![doc = include_str!("../README.md")]

mod close;
mod corrections;
mod domain;
mod error;
mod http;
mod posting;
mod pricing;
mod service;
mod settings;
mod store;
mod subscribers;
mod verify;

pub use close::{ClosePreview, ClosedDay, DueDays};
pub use corrections::Reason;
pub use error::Error;
pub use service::{Accounting, DateRange};
pub use settings::{InvalidSettings, PricingSettings, Settings};
pub use store::{DayRow, TransferRow};
pub use subscribers::EVENT_TYPES;
pub use verify::LedgerFact;

/// The schema `accounting` and its report views.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/accounting");

//! Accounting: prices, the ledger, wallets, business days and payouts.
#![doc = include_str!("../README.md")]

mod close;
mod correct;
mod domain;
mod error;
mod http;
mod jobs;
mod measure;
mod post;
mod price;
mod read;
mod replay;
mod seal;
mod service;
mod settings;
mod store;
mod subscriber;
mod verify;
mod withdraw;

use kernel::Module;
use kernel::module::ProcessKind;

pub use domain::{
    BookedFact, BookedFactKind, ClosePreview, ClosedDay, Day, DueDays, InvalidSettings, LedgerFact, Statement,
    Transfer, TransferKind, TransfersFilter, Wallet, Withdrawal,
};
pub use error::{Error, PROBLEM_CODES};
pub use service::Accounting;
pub use settings::{PricingSettings, Settings};
pub use subscriber::EVENT_TYPES;

/// Migrations of the schema `accounting` and of its report views.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/accounting");

impl Accounting {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let service = self.clone();
        let (prepared, behind, noticing) = (self.clone(), self.clone(), self.clone());
        let (measured, replaying) = (self.clone(), self.clone());
        Module::new("accounting", move |config| http::routes(config, service.clone()))
            .with_schema(self.write.clone())
            .with_subscriber(subscriber::AccountingSubscriber::new(self.clone()))
            .with_job(jobs::close_days(self.clone()))
            .with_job(jobs::seal_days(self.clone()))
            .with_job(jobs::prune_idempotency_keys(self))
            // A command may not change where business days end.
            .on_prepare(move |process| {
                let accounting = prepared.clone();
                async move { Ok(accounting.prepare(process == ProcessKind::Server).await?) }
            })
            // Days that were missed are closed before events that waited are booked.
            .on_catch_up(move || {
                let accounting = behind.clone();
                async move { Ok(accounting.catch_up().await?) }
            })
            .with_notices(move || {
                let accounting = noticing.clone();
                async move { Ok(accounting.get_notice().await?.into_iter().collect()) }
            })
            .on_measure(move || {
                let accounting = measured.clone();
                async move { accounting.measure().await }
            })
            .on_replay(move |replay| {
                let accounting = replaying.clone();
                async move { accounting.replay(&replay).await }
            })
    }
}

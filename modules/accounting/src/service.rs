//! The accounting service: its pools, its policy, and its preparation at startup.

use std::sync::{Arc, OnceLock};

use kernel::{ReadPool, WritePool};

use crate::domain::{LedgerSettings, Policy};
use crate::error::Error;
use crate::settings::Settings;
use crate::store;

/// The accounting module. Clones share everything.
#[derive(Clone)]
pub struct Accounting {
    pub(crate) write: WritePool,
    pub(crate) read: ReadPool,
    pub(crate) policy: Policy,
    /// The seed from which prices are drawn; set when the module is prepared.
    pub(crate) price_seed: Arc<OnceLock<i64>>,
}

impl Accounting {
    /// Creates the service. It connects to no database yet.
    ///
    /// # Errors
    /// A setting is not valid.
    pub fn new(write: WritePool, read: ReadPool, settings: &Settings) -> Result<Self, Error> {
        Ok(Self { write, read, policy: Policy::parse(settings)?, price_seed: Arc::default() })
    }

    /// Prepares the database after the migrations: fixes the currency and the seed of the prices,
    /// records the pricing policy and opens the first day. Pays nothing. Several processes may
    /// prepare at the same time.
    ///
    /// With `may_change_time_zone`, a changed setting moves the end of the days from now on. Only
    /// `serve` may do that.
    ///
    /// # Errors
    /// The ledger has another currency or another time zone, or the database fails.
    pub async fn prepare(&self, may_change_time_zone: bool) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        store::lock_day_exclusive(&mut tx).await?;
        let seed = tx.ambient().seed();
        store::insert_settings(&mut tx, &self.policy, seed).await?;
        let LedgerSettings { currency, time_zone, price_seed } = store::load_settings(&mut tx).await?;
        if currency != self.policy.currency.code() {
            return Err(Error::CurrencyChanged { stored: currency, configured: self.policy.currency.to_string() });
        }
        let configured = self.policy.time_zone.name();
        if time_zone != configured {
            if !may_change_time_zone {
                return Err(Error::TimeZoneDiffers { stored: time_zone, configured: configured.to_owned() });
            }
            tracing::warn!(before = time_zone, now = configured, "the time zone of business days has changed");
            store::update_time_zone(&mut tx, &self.policy).await?;
        }
        let now = tx.now();
        store::insert_pricing_policy(&mut tx, &self.policy, now).await?;
        store::insert_first_day(&mut tx, self.policy.day_of(now), now).await?;
        tx.commit().await?;
        // A later start finds the same seed.
        let _set_before = self.price_seed.set(price_seed);
        Ok(())
    }
}

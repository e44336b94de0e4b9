//! Sealing: what the transfers of a closed day come to is stored with a digest of them, so that a
//! later change of the day is found, and its transfers need not be read every night (DOMAIN A8).

use kernel::runtime::jobs::Outcome;

use crate::error::Error;
use crate::service::Accounting;
use crate::store;

impl Accounting {
    /// Seals the first closed day that has no seal. Several processes may do so at the same time.
    ///
    /// It is not part of the close, for which people wait: it reads every transfer of the day.
    pub async fn seal_next_day(&self) -> Result<Outcome, Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let Some(day) = store::lock_unsealed_day(&mut tx).await? else { return Ok(Outcome::Idle) };
        let seal = store::load_day_seal(&mut tx, day).await?;
        store::insert_day_seal(&mut tx, &seal, now).await?;
        tx.commit().await?;
        tracing::info!(business_day = %day, transfers = seal.transfers, "a closed business day was sealed");
        Ok(Outcome::More)
    }
}

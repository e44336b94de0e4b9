//! Correcting: a wrong fee or reward is reversed by a transfer with a reason, never edited (DOMAIN
//! A9).

use contracts::{AuditAction, PersonId, TransferId};
use kernel::Reason;
use kernel::events::audit::Audit;

use crate::domain::{Posting, Transfer};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

impl Accounting {
    /// Reverses a fee or a reward, once. The correction is booked into the open day.
    ///
    /// # Errors
    /// The transfer does not exist, is neither a fee nor a reward, or is already reversed.
    pub async fn create_correction(
        &self,
        transfer_id: TransferId,
        reason: Reason,
        corrected_by: PersonId,
    ) -> Result<Transfer, Error> {
        let mut tx = self.write.begin_command().await?;
        let transfer = store::load_transfer(&mut tx, transfer_id).await?.ok_or(Error::TransferNotFound)?;
        let record = Audit::new(AuditAction::TransferCorrected).of(transfer_id).with("reason", reason.as_str());
        let posting =
            Posting::correction(&transfer, reason, Some(corrected_by), tx.now()).ok_or(Error::NotReversible)?;
        let posted = self.post(&mut tx, vec![posting]).await?;
        let Some(correction_id) = posted.first().copied() else {
            return Err(Error::AlreadyReversed);
        };
        let correction = store::load_transfer(&mut tx, correction_id).await?.ok_or(Error::TransferNotFound)?;
        tx.audit(record.with("correction_id", correction_id)).await?;
        tx.commit_command(&correction).await?;
        tracing::info!(%transfer_id, %correction_id, %corrected_by, "a transfer was reversed");
        Ok(correction)
    }
}

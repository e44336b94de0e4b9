//! Mending a mistake: a reversing transfer with a reason, never an edit (DOMAIN A9).

use contracts::{PersonId, TransferId};
use kernel::problem::FieldError;

use crate::domain::{EARNINGS, Kind, Posting};
use crate::error::Error;
use crate::posting::post;
use crate::service::Accounting;
use crate::store::{self, TransferRow};

const REASON_CHARS_MAX: usize = 500;

/// Why a transfer is reversed: 1 to 500 characters after trimming.
#[derive(Debug, Clone)]
pub struct Reason(String);

impl Reason {
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > REASON_CHARS_MAX || text.chars().any(char::is_control) {
            let detail = format!("a reason has 1 to {REASON_CHARS_MAX} characters, none of them a control character");
            return Err(FieldError::new("/reason", detail));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Accounting {
    /// Reverses a fee or a reward, once; the correction is booked into the open day.
    pub async fn post_correction(
        &self,
        transfer_id: TransferId,
        reason: Reason,
        corrected_by: PersonId,
    ) -> Result<TransferRow, Error> {
        let mut tx = self.write.begin().await?;
        let wrong = store::load_transfer(&mut tx, transfer_id.uuid()).await?.ok_or(Error::TransferNotFound)?;
        if ![Kind::AssignmentFee.as_str(), Kind::CompletionReward.as_str()].contains(&wrong.kind.as_str()) {
            return Err(Error::NotReversible);
        }
        let posting = Posting {
            business_key: format!("correction:{transfer_id}"),
            kind: Kind::Correction,
            person_id: wrong.person_id.into(),
            counterpart: EARNINGS,
            wallet_change_minor: -wrong.change_minor,
            task_id: wrong.task_id.map(contracts::TaskId::from),
            reverses: Some(transfer_id),
            reason: Some(reason.0),
            posted_by: Some(corrected_by),
            occurred_at: tx.now(),
        };
        let posted = post(&mut tx, &self.policy, vec![posting]).await?;
        let Some(correction_id) = posted.first().copied() else {
            return Err(Error::AlreadyReversed);
        };
        let correction = store::load_transfer(&mut tx, correction_id.uuid()).await?.ok_or(Error::TransferNotFound)?;
        tx.commit().await?;
        tracing::info!(%transfer_id, %correction_id, %corrected_by, "a transfer was reversed");
        Ok(correction)
    }
}

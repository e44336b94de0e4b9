//! Withdrawing: a fee or a reward whose fact the tracker has lost is reversed, and its fact may be
//! booked again (DOMAIN A11).

use std::collections::{HashMap, HashSet};

use contracts::{AuditAction, TaskId, TransferId};
use kernel::db::read_ahead;
use kernel::events::audit::Audit;
use tokio::sync::mpsc;

use crate::domain::{BookedFact, Posting, Withdrawal};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

impl Accounting {
    /// Reverses these fees and rewards in the open day, unless an accountant has reversed them, and
    /// marks their facts as not booked. A transfer that is already withdrawn is left out. Returns
    /// the number of new withdrawals.
    ///
    /// Nothing is booked meanwhile, so that the best task of a day can be chosen again.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn withdraw(&self, withdrawals: &[Withdrawal]) -> Result<usize, Error> {
        let mut tx = self.write.begin().await?;
        store::lock_day_exclusive(&mut tx).await?;
        let now = tx.now();
        let reasons: HashMap<TransferId, _> = withdrawals.iter().map(|one| (one.transfer_id, &one.reason)).collect();
        let ids: Vec<_> = reasons.keys().map(|id| id.uuid()).collect();
        let new = store::insert_withdrawals(&mut tx, &ids, now).await?;
        let transfers = store::list_transfers_by_id(&mut tx, &new).await?;
        let (mut postings, mut records) = (Vec::new(), Vec::new());
        for transfer in &transfers {
            let Some(reason) = reasons.get(&transfer.transfer_id) else { continue };
            postings.extend(Posting::correction(transfer, (*reason).clone(), None, now));
            let record = Audit::new(AuditAction::TransferCorrected).of(transfer.transfer_id);
            records.push(record.with("reason", reason.as_str()).at(now));
        }
        self.post(&mut tx, postings).await?;
        let tasks: HashSet<TaskId> = transfers.iter().filter_map(|transfer| transfer.task_id).collect();
        store::update_top_tasks(&mut tx, &self.policy, &tasks.into_iter().collect::<Vec<_>>()).await?;
        tx.emit_all(&records).await?;
        tx.commit().await?;
        tracing::info!(withdrawn = transfers.len(), "transfers of facts that the tracker has lost were withdrawn");
        Ok(transfers.len())
    }

    /// Every fee and reward that is not withdrawn, in the order of the tasks' ids.
    #[must_use]
    pub fn stream_booked_facts(&self) -> mpsc::Receiver<Result<BookedFact, Error>> {
        let write = self.write.clone();
        read_ahead(async move |sender| {
            let mut connection = write.acquire().await?;
            sender.send_all(store::stream_booked_facts(&mut connection)).await
        })
    }
}

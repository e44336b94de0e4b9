//! Posting: the one way into the ledger. A batch of postings is booked together into the open day.

use std::collections::HashSet;

use contracts::TransferId;
use kernel::{DbError, Tx};

use crate::domain::{Booking, NewTransfer, Posting, book, key_after_withdrawal, top_rewards};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

impl Accounting {
    /// Books the postings that are not booked yet. Returns the ids of the new transfers in the
    /// order of `postings` (DOMAIN A8, A9, A10).
    ///
    /// A posting that is already booked is rare. So the keys are not read first: the unique key
    /// reports it, and the batch is repeated without the postings that are booked. A fact whose
    /// transfer is withdrawn is not booked, and gets another key (DOMAIN A11).
    pub(crate) async fn post(&self, tx: &mut Tx, mut postings: Vec<Posting>) -> Result<Vec<TransferId>, Error> {
        let mut known = HashSet::new();
        loop {
            // One batch may also contain the same fact twice.
            postings.retain(|posting| known.insert(posting.business_key.clone()));
            if postings.is_empty() {
                return Ok(Vec::new());
            }
            tx.savepoint().await?;
            match self.post_new(tx, &postings).await {
                Err(Error::AlreadyBooked) => tx.roll_back_to_savepoint().await?,
                posted => return posted,
            }
            // The transaction that booked them has committed, so this read sees their keys and the
            // batch becomes smaller with each attempt.
            let keys: Vec<&str> = postings.iter().map(|posting| posting.business_key.as_str()).collect();
            let booked = store::list_booked_keys(tx, &keys).await?;
            if booked.is_empty() {
                return Err(Error::AlreadyBooked);
            }
            let withdrawn: HashSet<&String> = booked.iter().filter(|(_, gone)| *gone).map(|(key, _)| key).collect();
            for posting in postings.iter_mut().filter(|posting| withdrawn.contains(&posting.business_key)) {
                posting.business_key = key_after_withdrawal(&posting.business_key);
            }
            known = booked.into_iter().filter(|(_, is_withdrawn)| !is_withdrawn).map(|(key, _)| key).collect();
        }
    }

    /// Books postings of which none is booked yet.
    ///
    /// It holds the day's lock shared, so that nothing is booked into a day while it closes, and
    /// locks the wallets in id order.
    ///
    /// # Errors
    /// `AlreadyBooked` if a posting is booked already. The transaction must be rolled back then.
    pub(crate) async fn post_new(&self, tx: &mut Tx, postings: &[Posting]) -> Result<Vec<TransferId>, Error> {
        let people: HashSet<_> = postings.iter().map(|posting| posting.person_id.uuid()).collect();
        let wallets = store::lock_wallets(tx, &people.into_iter().collect::<Vec<_>>()).await?;
        let booked = book(postings, wallets)?;
        let transfers: Vec<NewTransfer<'_>> = postings
            .iter()
            .zip(&booked.lines)
            .map(|(posting, line)| NewTransfer { transfer_id: tx.new_id(), posting, line: *line })
            .collect();
        let ids = transfers.iter().map(|transfer| transfer.transfer_id).collect();
        let booking = Booking {
            booked_at: tx.now(),
            transfers,
            wallets: booked.wallets,
            totals: booked.totals,
            top_rewards: top_rewards(&self.policy, postings),
        };
        let is_day_open = store::insert_booking(tx, &booking).await.map_err(already_booked)?;
        if is_day_open { Ok(ids) } else { Err(Error::NotPrepared) }
    }
}

fn already_booked(error: sqlx::Error) -> Error {
    match DbError::from(error) {
        error if error.violated_constraint() == Some("transfers_business_key_unique") => Error::AlreadyBooked,
        error => error.into(),
    }
}

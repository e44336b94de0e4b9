//! The one way into the ledger: a batch of postings, booked together into the open day.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use contracts::TransferId;
use kernel::Tx;

use crate::domain::{Kind, Posting, book};
use crate::error::Error;
use crate::settings::Policy;
use crate::store::{self, Booking, NewTransfer};

/// Books what is not booked yet; returns the new transfers' ids in the order of `postings` (DOMAIN A8, A9, A10).
///
/// Holds the day's lock shared, so nothing is booked into a day while it closes, and locks the wallets in id order.
pub async fn post(tx: &mut Tx, policy: &Policy, mut postings: Vec<Posting>) -> Result<Vec<TransferId>, Error> {
    let people: Vec<_> =
        postings.iter().map(|posting| posting.person_id.uuid()).collect::<HashSet<_>>().into_iter().collect();
    let wallets = store::open_books(tx, &people).await?;
    let mut known = HashSet::new();
    loop {
        // Within a batch, too, a fact may be told twice.
        postings.retain(|posting| known.insert(posting.business_key.clone()));
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        let booked = book(&postings, wallets.clone())?;
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
            top_rewards: top_rewards(policy, &postings),
        };
        let written = store::write_booking(tx, &booking).await.map_err(collided)?;
        if written.day.is_none() {
            return Err(Error::NotPrepared);
        }
        if written.known.is_empty() {
            return Ok(ids);
        }
        // Once more without what others have booked; under the wallets' locks no more can come.
        known = written.known;
    }
}

/// Of each day's rewards the highest, of equals the earliest completion (DOMAIN N3).
fn top_rewards<'a>(policy: &Policy, postings: &'a [Posting]) -> BTreeMap<NaiveDate, &'a Posting> {
    let mut best: BTreeMap<NaiveDate, &Posting> = BTreeMap::new();
    let rank = |posting: &Posting| (-posting.wallet_change_minor, posting.occurred_at, posting.task_id);
    for posting in postings.iter().filter(|posting| posting.kind == Kind::CompletionReward) {
        let top = best.entry(policy.day_of(posting.occurred_at)).or_insert(posting);
        if rank(posting) < rank(top) {
            *top = posting;
        }
    }
    best
}

fn collided(error: sqlx::Error) -> Error {
    match kernel::db::violated_constraint(&error) {
        Some("transfers_business_key_unique") => Error::Collided,
        _ => error.into(),
    }
}

//! The one way into the ledger: a batch of postings, booked together into the open day.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use contracts::TransferId;
use kernel::Tx;
use sqlx::Connection;

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
        // Hardly ever is one booked already, so that is found out by the unique key and not asked before; the savepoint is for this.
        let mut attempt = tx.begin().await?;
        match store::write_booking(&mut attempt, &booking).await {
            Ok(true) => {
                attempt.commit().await?;
                return Ok(ids);
            }
            Ok(false) => return Err(Error::NotPrepared),
            Err(error) if is_booked(&error) => attempt.rollback().await?,
            Err(error) => return Err(error.into()),
        }
        // Once more without what others have booked; under the wallets' locks no more can come.
        let keys: Vec<&str> = postings.iter().map(|posting| posting.business_key.as_str()).collect();
        known = store::load_booked_keys(tx, &keys).await?.into_iter().collect();
        if known.is_empty() {
            return Err(Error::Collided);
        }
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

fn is_booked(error: &sqlx::Error) -> bool {
    kernel::db::violated_constraint(error) == Some("transfers_business_key_unique")
}

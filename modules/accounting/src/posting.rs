//! The one way into the ledger: a batch of postings, booked together into the open day.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use contracts::TransferId;
use kernel::Tx;

use crate::domain::{Kind, Posting, book};
use crate::error::Error;
use crate::settings::Policy;
use crate::store::{self, Booking, NewTransfer, OpenBooks};

/// Books what is not booked yet; returns the new transfers' ids in the order of `postings` (DOMAIN A8, A9, A10).
///
/// Holds the day's lock shared, so nothing is booked into a day while it closes, and locks the wallets in id order.
pub async fn post(tx: &mut Tx, policy: &Policy, postings: Vec<Posting>) -> Result<Vec<TransferId>, Error> {
    store::lock_day_shared(tx).await?;
    book_into_open_day(tx, policy, postings).await
}

/// The same for a caller who holds the day's lock.
pub async fn book_into_open_day(
    tx: &mut Tx,
    policy: &Policy,
    mut postings: Vec<Posting>,
) -> Result<Vec<TransferId>, Error> {
    let people: Vec<_> =
        postings.iter().map(|posting| posting.person_id.uuid()).collect::<HashSet<_>>().into_iter().collect();
    let OpenBooks { day, wallets } = store::open_books(tx, &people).await?;
    let day = day.ok_or(Error::NotPrepared)?;
    // Only now, under the wallets' locks, is what others booked certain.
    let keys: Vec<&str> = postings.iter().map(|posting| posting.business_key.as_str()).collect();
    let mut known: HashSet<String> = store::load_known_keys(tx, &keys).await?.into_iter().collect();
    postings.retain(|posting| known.insert(posting.business_key.clone()));
    if postings.is_empty() {
        return Ok(Vec::new());
    }
    let booked = book(&postings, wallets)?;
    let transfers: Vec<NewTransfer<'_>> = postings
        .iter()
        .zip(&booked.lines)
        .map(|(posting, line)| NewTransfer { transfer_id: tx.new_id(), posting, line: *line })
        .collect();
    let ids = transfers.iter().map(|transfer| transfer.transfer_id).collect();
    let booking = Booking {
        business_day: day,
        booked_at: tx.now(),
        transfers,
        wallets: booked.wallets,
        totals: booked.totals,
        top_rewards: top_rewards(policy, &postings),
    };
    store::write_booking(tx, &booking).await.map_err(collided)?;
    Ok(ids)
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

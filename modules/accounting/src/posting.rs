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
/// Hardly ever is one booked already, so that is not asked before but found out by the unique key.
pub async fn post(tx: &mut Tx, policy: &Policy, mut postings: Vec<Posting>) -> Result<Vec<TransferId>, Error> {
    let mut known = HashSet::new();
    loop {
        // Within a batch, too, a fact may be told twice.
        postings.retain(|posting| known.insert(posting.business_key.clone()));
        if postings.is_empty() {
            return Ok(Vec::new());
        }
        tx.savepoint().await?;
        match post_new(tx, policy, &postings).await {
            Err(Error::AlreadyBooked) => tx.roll_back_to_savepoint().await?,
            posted => return posted,
        }
        // Whoever booked it has committed, so it is seen, and the postings become fewer each time.
        let keys: Vec<&str> = postings.iter().map(|posting| posting.business_key.as_str()).collect();
        known = store::load_booked_keys(tx, &keys).await?.into_iter().collect();
        if known.is_empty() {
            return Err(Error::AlreadyBooked);
        }
    }
}

/// Books postings of which none may be booked already: `AlreadyBooked` if one is, and then the transaction is of no more use.
///
/// Holds the day's lock shared, so nothing is booked into a day while it closes, and locks the wallets in id order.
pub async fn post_new(tx: &mut Tx, policy: &Policy, postings: &[Posting]) -> Result<Vec<TransferId>, Error> {
    let people: HashSet<_> = postings.iter().map(|posting| posting.person_id.uuid()).collect();
    let wallets = store::open_books(tx, &people.into_iter().collect::<Vec<_>>()).await?;
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
        top_rewards: top_rewards(policy, postings),
    };
    let is_written = store::write_booking(tx, &booking).await.map_err(already_booked)?;
    if is_written { Ok(ids) } else { Err(Error::NotPrepared) }
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

fn already_booked(error: sqlx::Error) -> Error {
    match kernel::db::violated_constraint(&error) {
        Some("transfers_business_key_unique") => Error::AlreadyBooked,
        _ => error.into(),
    }
}

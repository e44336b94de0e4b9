//! The one way into the ledger: a batch of postings, booked together into the open day.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TransferId};
use kernel::Tx;

use crate::domain::{Kind, Posting, Totals, WalletState, book};
use crate::error::Error;
use crate::settings::Policy;
use crate::store::{self, NewTransfer};

/// Books what is not booked yet; returns the new transfers' ids in the order of `postings` (DOMAIN A8, A9, A10).
///
/// Holds the day's lock shared, so nothing is booked into a day while it closes, and locks the wallets in id order.
pub async fn post(tx: &mut Tx, policy: &Policy, postings: Vec<Posting>) -> Result<Vec<TransferId>, Error> {
    store::lock_day_shared(tx).await?;
    let day = store::load_open_day(tx).await?.ok_or(Error::NotPrepared)?;
    let now = tx.now();
    book_into(tx, policy, day, now, postings).await
}

/// Books into `day`, whose lock the caller holds.
pub async fn book_into(
    tx: &mut Tx,
    policy: &Policy,
    day: NaiveDate,
    now: DateTime<Utc>,
    mut postings: Vec<Posting>,
) -> Result<Vec<TransferId>, Error> {
    let people: Vec<_> =
        postings.iter().map(|posting| posting.person_id.uuid()).collect::<HashSet<_>>().into_iter().collect();
    let wallets: BTreeMap<PersonId, WalletState> = store::lock_wallets(tx, &people).await?;
    // Only now, under the wallets' locks, is what others booked certain.
    let keys: Vec<&str> = postings.iter().map(|posting| posting.business_key.as_str()).collect();
    let mut known: HashSet<String> = store::load_known_keys(tx, &keys).await?.into_iter().collect();
    postings.retain(|posting| known.insert(posting.business_key.clone()));
    if postings.is_empty() {
        return Ok(Vec::new());
    }
    let (lines, wallets) = book(&postings, wallets)?;
    let transfers: Vec<NewTransfer<'_>> = postings
        .iter()
        .zip(&lines)
        .map(|(posting, line)| NewTransfer { transfer_id: tx.new_id(), posting, line: *line })
        .collect();
    let ids: Vec<TransferId> = transfers.iter().map(|transfer| transfer.transfer_id).collect();
    store::insert_transfers(tx, &transfers, day, now).await.map_err(collided)?;
    store::update_wallets(tx, &wallets).await?;
    let totals = Totals::of(&postings);
    if !totals.is_zero() {
        store::add_day_totals(tx, day, &totals).await?;
    }
    keep_top_tasks(tx, policy, &postings).await?;
    Ok(ids)
}

/// Keeps each day's most expensive completed task: the highest reward, of equals the earliest completion (DOMAIN N3).
async fn keep_top_tasks(tx: &mut Tx, policy: &Policy, postings: &[Posting]) -> Result<(), Error> {
    let mut best: BTreeMap<NaiveDate, &Posting> = BTreeMap::new();
    let rank = |posting: &Posting| (-posting.wallet_change_minor, posting.occurred_at, posting.task_id);
    for posting in postings.iter().filter(|posting| posting.kind == Kind::CompletionReward) {
        let top = best.entry(policy.day_of(posting.occurred_at)).or_insert(posting);
        if rank(posting) < rank(top) {
            *top = posting;
        }
    }
    for (completed_on, posting) in best {
        store::keep_top_task(tx, completed_on, posting).await?;
    }
    Ok(())
}

fn collided(error: sqlx::Error) -> Error {
    match kernel::db::violated_constraint(&error) {
        Some("transfers_business_key_unique") => Error::Collided,
        _ => error.into(),
    }
}

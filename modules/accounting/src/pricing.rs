//! Prices: drawn once, when a task is first heard of, and never again (DOMAIN A2).

use std::collections::{BTreeMap, HashMap, HashSet};

use contracts::TaskId;
use contracts::events::accounting::{TaskPrice, TasksPriced};
use kernel::Tx;

use crate::error::Error;
use crate::settings::Policy;
use crate::store::{self, NewPrice, PriceRow};

/// How a task is called; an assignment alone does not say.
#[derive(Debug, Clone, Default)]
pub struct TaskName {
    pub title: Option<String>,
    pub reference: Option<String>,
}

/// Prices in one event at most.
const PRICES_PER_EVENT: usize = 500;

/// The prices of all these tasks; those that had none get one now, and tasks is told.
pub async fn ensure_prices(
    tx: &mut Tx,
    policy: &Policy,
    tasks: BTreeMap<TaskId, TaskName>,
) -> Result<HashMap<TaskId, PriceRow>, Error> {
    let ids: Vec<_> = tasks.keys().map(|id| id.uuid()).collect();
    let mut prices = store::load_prices(tx, &ids).await?;
    let missing: Vec<NewPrice<'_>> = tasks
        .iter()
        .filter(|(id, _)| !prices.contains_key(id))
        .map(|(id, name)| NewPrice {
            task_id: *id,
            name,
            fee_minor: tx.ambient().uniform(policy.fee.low, policy.fee.high) * policy.fee.unit_minor,
            reward_minor: tx.ambient().uniform(policy.reward.low, policy.reward.high) * policy.reward.unit_minor,
        })
        .collect();
    if !missing.is_empty() {
        let now = tx.now();
        let new: HashSet<_> = store::insert_prices(tx, policy, &missing, now).await?.into_iter().collect();
        let (first, late): (Vec<_>, Vec<_>) = missing.iter().partition(|price| new.contains(&price.task_id.uuid()));
        tell_prices(tx, policy, &first).await?;
        prices.extend(first.into_iter().map(|price| (price.task_id, PriceRow::from(price))));
        if !late.is_empty() {
            // Another transaction has set these first.
            let ids: Vec<_> = late.iter().map(|price| price.task_id.uuid()).collect();
            prices.extend(store::load_prices(tx, &ids).await?);
        }
    }
    let unnamed: Vec<(TaskId, &TaskName)> = tasks
        .iter()
        .filter(|(id, name)| name.title.is_some() && prices.get(id).is_some_and(|price| !price.is_named))
        .map(|(id, name)| (*id, name))
        .collect();
    if !unnamed.is_empty() {
        store::name_prices(tx, &unnamed).await?;
    }
    Ok(prices)
}

async fn tell_prices(tx: &mut Tx, policy: &Policy, new: &[&NewPrice<'_>]) -> Result<(), Error> {
    let price = |price: &&NewPrice<'_>| TaskPrice {
        task_id: price.task_id,
        fee_minor: price.fee_minor,
        reward_minor: price.reward_minor,
    };
    let facts = new
        .chunks(PRICES_PER_EVENT)
        .map(|prices| TasksPriced { currency: policy.currency, prices: prices.iter().map(price).collect() });
    Ok(tx.emit_all(&facts.collect::<Vec<_>>()).await?)
}

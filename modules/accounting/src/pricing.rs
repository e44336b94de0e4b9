//! Prices: drawn once, when a task is first heard of, and never again (DOMAIN A2).

use std::collections::{BTreeMap, HashMap};

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
        let new = store::insert_prices(tx, policy, &missing, now).await?;
        tell_prices(tx, policy, &missing, &new).await?;
        // Read back, since another transaction may have set some of them first.
        let ids: Vec<_> = missing.iter().map(|price| price.task_id.uuid()).collect();
        prices.extend(store::load_prices(tx, &ids).await?);
    }
    let unnamed: Vec<(TaskId, &TaskName)> = tasks
        .iter()
        .filter(|(id, name)| name.title.is_some() && prices.get(id).is_some_and(|price| price.title.is_none()))
        .map(|(id, name)| (*id, name))
        .collect();
    if !unnamed.is_empty() {
        store::name_prices(tx, &unnamed).await?;
    }
    Ok(prices)
}

async fn tell_prices(tx: &mut Tx, policy: &Policy, drawn: &[NewPrice<'_>], new: &[uuid::Uuid]) -> Result<(), Error> {
    let new: std::collections::HashSet<_> = new.iter().collect();
    let prices: Vec<TaskPrice> = drawn
        .iter()
        .filter(|price| new.contains(&price.task_id.uuid()))
        .map(|price| TaskPrice { task_id: price.task_id, fee_minor: price.fee_minor, reward_minor: price.reward_minor })
        .collect();
    for prices in prices.chunks(PRICES_PER_EVENT) {
        tx.emit(&TasksPriced { currency: policy.currency, prices: prices.to_vec() }).await?;
    }
    Ok(())
}

//! Pricing: a task's price is drawn when accounting first receives an event of it (DOMAIN A2).

use std::collections::{BTreeMap, HashMap, HashSet};

use contracts::TaskId;
use contracts::events::accounting::{TaskPrice, TasksPriced};
use kernel::Tx;

use crate::domain::{NewPrice, Price, TaskName, draw_price};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// Maximum number of prices in one event.
pub(crate) const PRICES_PER_EVENT: usize = 500;

impl Accounting {
    /// Returns the prices of these tasks. Tasks without a price get one, which is published. A name
    /// that was not known when its price was stored is added.
    pub(crate) async fn price_tasks(
        &self,
        tx: &mut Tx,
        tasks: BTreeMap<TaskId, TaskName>,
    ) -> Result<HashMap<TaskId, Price>, Error> {
        let ids: Vec<_> = tasks.keys().map(|id| id.uuid()).collect();
        let mut prices = store::list_prices(tx, &ids).await?;
        let missing: Vec<NewPrice<'_>> = tasks
            .iter()
            .filter(|(id, _)| !prices.contains_key(id))
            .map(|(id, name)| self.draw_price(*id, name))
            .collect::<Result<_, _>>()?;
        if !missing.is_empty() {
            prices.extend(self.insert_prices(tx, &missing).await?);
        }
        let unnamed: Vec<(TaskId, &TaskName)> = tasks
            .iter()
            .filter(|(id, name)| name.title.is_some() && prices.get(id).is_some_and(|price| !price.is_named))
            .map(|(id, name)| (*id, name))
            .collect();
        if !unnamed.is_empty() {
            store::update_price_names(tx, &unnamed).await?;
        }
        Ok(prices)
    }

    fn draw_price<'a>(&self, task_id: TaskId, name: &'a TaskName) -> Result<NewPrice<'a>, Error> {
        let seed = *self.price_seed.get().ok_or(Error::NotPrepared)?;
        let (fee_minor, reward_minor) = draw_price(&self.policy, seed, task_id);
        Ok(NewPrice { task_id, name, fee_minor, reward_minor })
    }

    /// Stores and publishes drawn prices. A price that another transaction stored first is read
    /// instead.
    async fn insert_prices(&self, tx: &mut Tx, drawn: &[NewPrice<'_>]) -> Result<HashMap<TaskId, Price>, Error> {
        let now = tx.now();
        let inserted: HashSet<_> = store::insert_prices(tx, &self.policy, drawn, now).await?.into_iter().collect();
        let (new, late): (Vec<_>, Vec<_>) = drawn.iter().partition(|price| inserted.contains(&price.task_id.uuid()));
        self.publish_prices(tx, &new).await?;
        let mut prices: HashMap<_, _> = new.into_iter().map(|price| (price.task_id, Price::from(price))).collect();
        if !late.is_empty() {
            let ids: Vec<_> = late.iter().map(|price| price.task_id.uuid()).collect();
            prices.extend(store::list_prices(tx, &ids).await?);
        }
        Ok(prices)
    }

    async fn publish_prices(&self, tx: &mut Tx, new: &[&NewPrice<'_>]) -> Result<(), Error> {
        let price = |price: &&NewPrice<'_>| TaskPrice {
            task_id: price.task_id,
            fee_minor: price.fee_minor,
            reward_minor: price.reward_minor,
        };
        let facts = new
            .chunks(PRICES_PER_EVENT)
            .map(|prices| TasksPriced { currency: self.policy.currency, prices: prices.iter().map(price).collect() });
        Ok(tx.emit_all(&facts.collect::<Vec<_>>()).await?)
    }
}

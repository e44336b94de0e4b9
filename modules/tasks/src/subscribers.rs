//! What tasks does with what others tell: it keeps people and prices, and moves the tasks of who can have none.

use std::sync::Arc;

use contracts::events::accounting::TasksPriced;
use contracts::events::identity::PeopleChanged;
use contracts::{Event, Fact, TaskId};
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::inbox::{ApplyError, Subscriber};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::{self, PersonRow};

/// What this module listens to.
pub const EVENT_TYPES: &[&str] = &[PeopleChanged::TYPE, TasksPriced::TYPE];

pub struct TasksSubscriber {
    run_wanted: Arc<Notify>,
}

impl TasksSubscriber {
    pub const fn new(run_wanted: Arc<Notify>) -> Self {
        Self { run_wanted }
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let mut people = Vec::new();
        for event in events {
            match event.kind.as_str() {
                PeopleChanged::TYPE => people.extend(event.fact::<PeopleChanged>()?.people),
                TasksPriced::TYPE => keep_prices(tx, &event.fact()?).await?,
                _ => {}
            }
        }
        if people.is_empty() {
            return Ok(());
        }
        let rows: Vec<PersonRow> = people
            .into_iter()
            .map(|person| PersonRow {
                person_id: person.person_id.uuid(),
                version: person.version,
                name: person.name,
                email: person.email,
                is_assignable: person.active && person.role.is_assignable(),
            })
            .collect();
        self.keep_people(tx, &rows).await
    }

    /// Keeps people, renews the pool, and asks for a run for each who has tasks but may not (DOMAIN T7).
    async fn keep_people(&self, tx: &mut Tx, people: &[PersonRow]) -> Result<(), ApplyError> {
        // Exclusive: no task may be drawn from the old pool once the runs below have counted.
        store::lock_order_exclusive(tx).await?;
        store::upsert_people(tx, people).await?;
        let now = tx.now();
        let members = store::load_assignable_ids(tx).await?;
        let known = store::load_pool(tx).await?;
        if known.is_none_or(|(_, known)| known != members) {
            store::insert_pool(tx, &members, now).await?;
            // A run that waited for somebody to draw may go on.
            tx.wake_on_commit(Arc::clone(&self.run_wanted));
        }
        let ids: Vec<Uuid> = people.iter().map(|person| person.person_id).collect();
        for (person_id, total) in store::load_unassignable_with_open_tasks(tx, &ids).await? {
            let id = tx.new_id::<contracts::ReassignmentId>().uuid();
            store::insert_reassignment(tx, id, Some(person_id), None, total, now).await?;
            tracing::info!(reassignment_id = %id, %person_id, total, "a person can no longer have tasks: theirs are drawn anew");
            tx.wake_on_commit(Arc::clone(&self.run_wanted));
        }
        Ok(())
    }
}

async fn keep_prices(tx: &mut Tx, priced: &TasksPriced) -> Result<(), ApplyError> {
    let ids: Vec<Uuid> = priced.prices.iter().map(|price| TaskId::uuid(price.task_id)).collect();
    let fees: Vec<i64> = priced.prices.iter().map(|price| price.fee_minor).collect();
    let rewards: Vec<i64> = priced.prices.iter().map(|price| price.reward_minor).collect();
    Ok(store::insert_prices(tx, &ids, &fees, &rewards, priced.currency.code()).await?)
}

impl Subscriber for TasksSubscriber {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn event_types(&self) -> &'static [&'static str] {
        EVENT_TYPES
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.apply_all(tx, events))
    }
}

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

    /// Keeps people, renews the pool, and asks for a run for each who has left it and has tasks (DOMAIN T7).
    async fn keep_people(&self, tx: &mut Tx, people: &[PersonRow]) -> Result<(), ApplyError> {
        store::upsert_people(tx, people).await?;
        let known = store::load_pool(tx).await?.map(|(_, members)| members);
        if known.as_ref() == Some(&store::load_assignable_ids(tx).await?) {
            return Ok(());
        }
        // Exclusive: no task may be drawn from the old pool once the runs below have counted.
        store::lock_order_exclusive(tx).await.map_err(retry_later)?;
        let now = tx.now();
        // Once more, since others may have changed the pool before the lock was ours.
        let known = store::load_pool(tx).await?.map(|(_, members)| members).unwrap_or_default();
        let members = store::load_assignable_ids(tx).await?;
        store::insert_pool(tx, &members, now).await?;
        // A run that waited for somebody to draw may go on.
        tx.wake_on_commit(Arc::clone(&self.run_wanted));
        let left: Vec<Uuid> = known.into_iter().filter(|member| members.binary_search(member).is_err()).collect();
        for (person_id, total) in store::count_open_tasks_by_person(tx, &left).await? {
            let id = tx.new_id::<contracts::ReassignmentId>().uuid();
            store::insert_reassignment(tx, id, Some(person_id), None, total, now).await?;
            tracing::info!(reassignment_id = %id, %person_id, total, "a person can no longer have tasks: theirs are drawn anew");
        }
        Ok(())
    }
}

/// A long import holds the order lock: nobody is to be held up by waiting for it, so the event is kept and tried again.
fn retry_later(error: sqlx::Error) -> ApplyError {
    if store::is_lock_timeout(&error) {
        return ApplyError::Retry("tasks are being imported; who can be assigned changes after that".to_owned());
    }
    error.into()
}

async fn keep_prices(tx: &mut Tx, priced: &TasksPriced) -> Result<(), ApplyError> {
    let prices = || priced.prices.iter();
    let ids: Vec<Uuid> = prices().map(|price| TaskId::uuid(price.task_id)).collect();
    let fees: Vec<i64> = prices().map(|price| price.fee_minor).collect();
    let rewards: Vec<i64> = prices().map(|price| price.reward_minor).collect();
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

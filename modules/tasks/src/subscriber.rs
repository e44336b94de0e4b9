//! What the module does with events: it stores people and prices, and requests a run for each
//! person who leaves the pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use contracts::events::accounting::TasksPriced;
use contracts::events::identity::PeopleChanged;
use contracts::{Event, Fact, PersonId, ReassignmentId};
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::events::inbox::{ApplyError, Subscriber};
use tokio::sync::Notify;

use crate::domain::{NewReassignment, Person, Pool};
use crate::store;

/// The types of the events that the module subscribes to.
pub const EVENT_TYPES: &[&str] = &[PeopleChanged::TYPE, TasksPriced::TYPE];

/// Applies events in the transaction of the inbox.
pub struct TasksSubscriber {
    run_wanted: Arc<Notify>,
}

impl TasksSubscriber {
    /// `run_wanted` is signalled when the pool changes.
    pub const fn new(run_wanted: Arc<Notify>) -> Self {
        Self { run_wanted }
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let (mut people, mut traces) = (Vec::new(), BTreeSet::new());
        for event in events {
            match event.kind.as_str() {
                PeopleChanged::TYPE => {
                    people.extend(event.fact::<PeopleChanged>()?.people);
                    traces.insert(event.traceparent.clone());
                }
                TasksPriced::TYPE => store::insert_prices(tx, &event.fact()?).await?,
                _ => {}
            }
        }
        if people.is_empty() {
            return Ok(());
        }
        let people: Vec<Person> = people
            .into_iter()
            .map(|person| Person {
                person_id: person.person_id,
                version: person.version,
                is_assignable: person.active && person.role.is_assignable(),
                name: person.name,
                email: person.email,
            })
            .collect();
        // Of several requests, it is not known which one a run is due to.
        let trace = if traces.len() == 1 { traces.pop_first().flatten() } else { None };
        self.update_people(tx, &people, trace.as_deref()).await
    }

    /// Stores the people and the pool. When a person leaves the pool, exactly one run is created
    /// for their open tasks; later changes to the same person create no further run (DOMAIN T7).
    /// `trace` is that of the request that changed the people.
    async fn update_people(&self, tx: &mut Tx, people: &[Person], trace: Option<&str>) -> Result<(), ApplyError> {
        store::upsert_people(tx, people).await?;
        let members = load_members(tx).await?;
        if members.as_ref() == Some(&store::list_assignable_ids(tx).await?) {
            return Ok(());
        }
        // With the exclusive lock, no task can be drawn from the old pool after the runs below have
        // counted its tasks.
        if !store::lock_order_exclusive(tx).await? {
            // A long import holds the lock. The inbox stores the event for a retry, so that the
            // events behind it do not wait.
            return Err(ApplyError::Retry("an import is in progress, so the pool cannot change yet".to_owned()));
        }
        let now = tx.now();
        // Another transaction may have changed the pool before this one had the lock.
        let old_members = load_members(tx).await?.unwrap_or_default();
        let members = store::list_assignable_ids(tx).await?;
        store::insert_pool(tx, &members, now).await?;
        // A blocked run can continue if the new pool is not empty.
        tx.wake_on_commit(Arc::clone(&self.run_wanted));
        let left: Vec<PersonId> =
            old_members.into_iter().filter(|member| members.binary_search(member).is_err()).collect();
        for (person_id, total) in store::count_open_tasks_by_person(tx, &left).await? {
            let id: ReassignmentId = tx.new_id();
            let run = NewReassignment {
                reassignment_id: id,
                person_id: Some(person_id),
                requested_by: None,
                requested_at: now,
                total,
                traceparent: trace.map(str::to_owned),
            };
            store::insert_reassignment(tx, &run).await?;
            tracing::info!(reassignment_id = %id, %person_id, total, "a person left the pool: a run will reassign their tasks");
        }
        Ok(())
    }
}

/// The members of the current pool; `None` before the first pool.
async fn load_members(tx: &mut Tx) -> Result<Option<Vec<PersonId>>, ApplyError> {
    Ok(store::load_current_pool(tx).await?.map(|Pool { members, .. }| members))
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

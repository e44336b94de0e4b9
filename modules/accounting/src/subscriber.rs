//! What accounting does with the events of identity and tasks. The order of the events does not
//! matter: a completion that arrives before the creation of its task is booked as well.

use std::collections::BTreeMap;

use contracts::events::identity::PeopleChanged;
use contracts::events::tasks::{TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, Fact, PersonId, TaskId};
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::events::inbox::{ApplyError, Subscriber};

use crate::domain::{Posting, Price, TaskName};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// The event types that accounting subscribes to.
pub const EVENT_TYPES: &[&str] = &[PeopleChanged::TYPE, TasksCreated::TYPE, TasksAssigned::TYPE, TasksCompleted::TYPE];

/// Books the events that accounting subscribes to.
pub struct AccountingSubscriber {
    accounting: Accounting,
}

/// The facts of a batch of events, by type.
#[derive(Default)]
struct Facts {
    people: Vec<contracts::events::identity::PersonState>,
    created: Vec<contracts::events::tasks::CreatedTask>,
    assigned: Vec<TasksAssigned>,
    completed: Vec<contracts::events::tasks::Completion>,
}

impl Facts {
    fn read(events: &[Event]) -> Result<Self, ApplyError> {
        let mut facts = Self::default();
        for event in events {
            match event.kind.as_str() {
                PeopleChanged::TYPE => facts.people.extend(event.fact::<PeopleChanged>()?.people),
                TasksCreated::TYPE => facts.created.extend(event.fact::<TasksCreated>()?.tasks),
                TasksAssigned::TYPE => facts.assigned.push(event.fact()?),
                TasksCompleted::TYPE => facts.completed.extend(event.fact::<TasksCompleted>()?.completions),
                _ => {}
            }
        }
        Ok(facts)
    }

    /// Every task of the batch, with its name if one of the events contains it.
    fn tasks(&self) -> BTreeMap<TaskId, TaskName> {
        let mut tasks = BTreeMap::new();
        for assignment in self.assigned.iter().flat_map(|assigned| &assigned.assignments) {
            tasks.insert(assignment.task_id, TaskName::default());
        }
        for task in &self.created {
            let name = TaskName { title: Some(task.title.clone()), reference: task.reference.clone() };
            tasks.insert(task.task_id, name);
        }
        for task in &self.completed {
            let name = TaskName { title: Some(task.title.clone()), reference: task.reference.clone() };
            tasks.insert(task.task_id, name);
        }
        tasks
    }

    /// A fee for each assignment and a reward for each completion, in the order of their times.
    fn postings(&self, price: impl Fn(TaskId) -> Option<Price>) -> Result<Vec<Posting>, Error> {
        let price = |task_id| price(task_id).ok_or(Error::KeyCollision);
        let mut postings = Vec::new();
        for task in &self.created {
            let fee_minor = price(task.task_id)?.fee_minor;
            postings.push(Posting::fee(task.task_id, 1, task.assignee_id, fee_minor, task.created_at));
        }
        for assigned in &self.assigned {
            for task in &assigned.assignments {
                let fee_minor = price(task.task_id)?.fee_minor;
                let at = assigned.assigned_at;
                postings.push(Posting::fee(task.task_id, task.number, task.assignee_id, fee_minor, at));
            }
        }
        for task in &self.completed {
            let reward_minor = price(task.task_id)?.reward_minor;
            postings.push(Posting::reward(task.task_id, task.completed_by, reward_minor, task.completed_at));
        }
        postings.sort_by_key(|posting| posting.occurred_at);
        Ok(postings)
    }
}

impl AccountingSubscriber {
    /// A subscriber that books through this service.
    pub const fn new(accounting: Accounting) -> Self {
        Self { accounting }
    }

    async fn apply_all(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
        let facts = Facts::read(events)?;
        if !facts.people.is_empty() {
            store::upsert_people(tx, &facts.people).await?;
            let ids: Vec<_> = facts.people.iter().map(|person| PersonId::uuid(person.person_id)).collect();
            store::insert_wallets(tx, &ids).await?;
        }
        let tasks = facts.tasks();
        if tasks.is_empty() {
            return Ok(());
        }
        let prices = self.accounting.price_tasks(tx, tasks).await?;
        let postings = facts.postings(|task_id| prices.get(&task_id).cloned())?;
        self.accounting.post(tx, postings).await?;
        Ok(())
    }
}

impl Subscriber for AccountingSubscriber {
    fn name(&self) -> &'static str {
        "accounting"
    }

    fn event_types(&self) -> &'static [&'static str] {
        EVENT_TYPES
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.apply_all(tx, events))
    }
}

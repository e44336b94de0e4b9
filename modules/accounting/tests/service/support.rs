//! An accounting module of its own for each test.

use std::sync::Arc;

use accounting::{Accounting, Settings, TransferRow};
use contracts::events::tasks::{Assignment, Completion, CreatedTask, TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, PersonId, Role, TaskId};
use harness::TestDatabase;
use kernel::inbox::{Inbox, RetryPolicy};
use kernel::paging::Limit;
use kernel::{Ambient, WritePool};
use uuid::Uuid;

pub struct World {
    pub database: TestDatabase,
    pub ambient: Ambient,
    pub write: WritePool,
    pub books: Accounting,
    pub inbox: Inbox,
}

/// Dollars, UTC, nine in the morning of a Monday; people 1 to 3 are known.
pub async fn world() -> World {
    world_in("UTC", "2026-11-02T09:00:00Z").await
}

pub async fn world_in(time_zone: &str, now: &str) -> World {
    let database = harness::accounting().await;
    let world = World::on(database, Ambient::manual(now.parse().unwrap(), 11), time_zone).await;
    let people = (1..=3).map(|number| harness::person(number, Role::Worker)).collect();
    world.hear(&[harness::people_changed(1, people)]).await;
    world
}

impl World {
    pub async fn on(database: TestDatabase, ambient: Ambient, time_zone: &str) -> Self {
        let write = database.write_pool("accounting", &ambient);
        let settings = Settings { time_zone: time_zone.to_owned(), ..Settings::default() };
        let books = Accounting::new(write.clone(), database.read_pool("accounting"), &settings).unwrap();
        books.prepare(true).await.unwrap();
        let subscriber = books.module().subscriber.unwrap();
        let inbox = Inbox::new(Arc::clone(&subscriber), write.clone(), RetryPolicy::default());
        Self { database, ambient, write, books, inbox }
    }

    /// Takes a delivery; nothing of it may fail.
    pub async fn hear(&self, events: &[Event]) {
        self.inbox.receive(events).await.unwrap();
        assert_eq!(self.inbox.waiting().await.unwrap(), (0, 0), "an event could not be applied");
    }

    pub async fn balance(&self, number: u128) -> i64 {
        self.books.load_wallet(person_id(number)).await.unwrap().map_or(0, |wallet| wallet.balance_minor)
    }

    /// A wallet's lines in ledger order.
    pub async fn lines(&self, number: u128) -> Vec<TransferRow> {
        let limit = Limit::try_from(200).unwrap();
        let mut lines = self.books.list_transfers(person_id(number), None, limit).await.unwrap();
        lines.reverse();
        lines
    }

    pub async fn kinds(&self, number: u128) -> Vec<String> {
        self.lines(number).await.into_iter().map(|line| line.kind).collect()
    }

    pub fn now(&self, time: &str) {
        self.ambient.set(time.parse().unwrap());
    }

    /// No invariant is broken.
    pub async fn verify(&self) {
        assert_eq!(self.books.verify().await.unwrap(), []);
    }

    pub fn created(&self, event: u128, task: u128, assignee: u128) -> Event {
        self.all_created(event, &[(task, assignee)])
    }

    /// Tasks with their assignees.
    pub fn all_created(&self, event: u128, tasks: &[(u128, u128)]) -> Event {
        let created = |(task, assignee): &(u128, u128)| CreatedTask {
            task_id: task_id(*task),
            title: format!("Task {task}"),
            reference: None,
            assignee_id: person_id(*assignee),
            created_at: self.ambient.now(),
        };
        harness::event(event, &TasksCreated { tasks: tasks.iter().map(created).collect() })
    }

    pub fn assigned(&self, event: u128, task: u128, number: i32, assignee: u128) -> Event {
        let assignments = vec![Assignment { task_id: task_id(task), number, assignee_id: person_id(assignee) }];
        let assigned_at = self.ambient.now();
        harness::event(event, &TasksAssigned { reassignment_id: Uuid::from_u128(9).into(), assigned_at, assignments })
    }

    pub fn completed(&self, event: u128, task: u128, person: u128) -> Event {
        self.all_completed(event, &[(task, person)])
    }

    /// Tasks with those who completed them.
    pub fn all_completed(&self, event: u128, tasks: &[(u128, u128)]) -> Event {
        let completed = |(task, person): &(u128, u128)| Completion {
            task_id: task_id(*task),
            title: format!("Task {task}"),
            reference: None,
            completed_by: person_id(*person),
            completed_at: self.ambient.now(),
        };
        harness::event(event, &TasksCompleted { completions: tasks.iter().map(completed).collect() })
    }
}

pub fn person_id(number: u128) -> PersonId {
    PersonId::from(Uuid::from_u128(number))
}

pub fn task_id(number: u128) -> TaskId {
    TaskId::from(Uuid::from_u128(number))
}

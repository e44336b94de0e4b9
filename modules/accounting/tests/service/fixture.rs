//! An accounting service with a database of its own for each test.

use std::sync::Arc;

use accounting::{Accounting, Settings, Transfer, TransfersFilter};
use contracts::events::tasks::{Assignment, Completion, CreatedTask, TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, Fact, PersonId, Role, TaskId};
use harness::TestDatabase;
use kernel::events::inbox::{Inbox, RetryPolicy};
use kernel::http::paging::Limit;
use kernel::verify::{Scope, Server};
use kernel::{Ambient, WritePool};
use uuid::Uuid;

/// An accounting service, its database and its clock.
pub struct Fixture {
    /// The database. It is dropped with the fixture.
    pub database: TestDatabase,
    /// The clock and the source of random numbers.
    pub ambient: Ambient,
    /// The pool that the service writes with.
    pub write: WritePool,
    /// The service.
    pub accounting: Accounting,
    /// The inbox that delivers events to the service.
    pub inbox: Inbox,
}

/// A service in USD and UTC at 09:00 of a Monday. The people 1 to 3 are known.
pub async fn fixture() -> Fixture {
    fixture_in("UTC", "2026-11-02T09:00:00Z").await
}

/// A service in USD and the given time zone. The people 1 to 3 are known.
pub async fn fixture_in(time_zone: &str, now: &str) -> Fixture {
    let database = harness::accounting().await;
    let fixture = Fixture::on(database, Ambient::manual(now.parse().unwrap(), 11), time_zone).await;
    let people = (1..=3).map(|number| harness::person(number, Role::Worker)).collect();
    fixture.deliver(&[harness::people_changed(1, people)]).await;
    fixture
}

impl Fixture {
    /// A service on an existing database. It is prepared like a start of `serve`.
    pub async fn on(database: TestDatabase, ambient: Ambient, time_zone: &str) -> Self {
        let write = database.write_pool("accounting", &ambient);
        let settings = Settings { time_zone: time_zone.to_owned(), ..Settings::default() };
        let accounting = Accounting::new(write.clone(), database.read_pool("accounting"), &settings).unwrap();
        accounting.prepare(true).await.unwrap();
        let subscriber = accounting.module().subscriber.unwrap();
        let inbox = Inbox::new(Arc::clone(&subscriber), write.clone(), RetryPolicy::default());
        Self { database, ambient, write, accounting, inbox }
    }

    /// Delivers events, which must all be applied.
    pub async fn deliver(&self, events: &[Event]) {
        self.inbox.receive(events).await.unwrap();
        assert_eq!(self.inbox.count_waiting().await.unwrap(), (0, 0), "an event could not be applied");
    }

    /// The balance of a person's wallet, in minor units; zero without a wallet.
    pub async fn balance(&self, number: u128) -> i64 {
        self.accounting.get_wallet(person_id(number)).await.unwrap().map_or(0, |wallet| wallet.balance_minor)
    }

    /// The transfers of a person's wallet, in ledger order.
    pub async fn lines(&self, number: u128) -> Vec<Transfer> {
        let limit = Limit::try_from(200).unwrap();
        let mut lines =
            self.accounting.list_my_transfers(TransfersFilter::all_of(person_id(number)), None, limit).await.unwrap();
        lines.reverse();
        lines
    }

    /// The kinds of a person's transfers, in ledger order.
    pub async fn kinds(&self, number: u128) -> Vec<String> {
        self.lines(number).await.into_iter().map(|line| line.kind.as_str().to_owned()).collect()
    }

    /// The events of one type that the service has published.
    pub async fn published<F: Fact>(&self) -> Vec<F> {
        self.database.outbox_facts("accounting").await
    }

    /// Sets the clock.
    pub fn set_time(&self, time: &str) {
        self.ambient.set(time.parse().unwrap());
    }

    /// Asserts that no invariant is broken.
    pub async fn verify(&self) {
        assert_eq!(self.accounting.verify(Scope::everything(Server::Primary)).await.unwrap(), []);
    }

    /// The event of one created task.
    pub fn created(&self, event: u128, task: u128, assignee: u128) -> Event {
        self.created_many(event, &[(task, assignee)])
    }

    /// The event of created tasks; each is a task and its assignee.
    pub fn created_many(&self, event: u128, tasks: &[(u128, u128)]) -> Event {
        let created = |(task, assignee): &(u128, u128)| CreatedTask {
            task_id: task_id(*task),
            title: format!("Task {task}"),
            reference: None,
            assignee_id: person_id(*assignee),
            created_at: self.ambient.now(),
        };
        harness::event(event, &TasksCreated { tasks: tasks.iter().map(created).collect() })
    }

    /// The event of one assignment by a reassign run.
    pub fn assigned(&self, event: u128, task: u128, number: i32, assignee: u128) -> Event {
        let assignments = vec![Assignment { task_id: task_id(task), number, assignee_id: person_id(assignee) }];
        let assigned_at = self.ambient.now();
        harness::event(event, &TasksAssigned { reassignment_id: Uuid::from_u128(9).into(), assigned_at, assignments })
    }

    /// The event of one completed task.
    pub fn completed(&self, event: u128, task: u128, person: u128) -> Event {
        self.completed_many(event, &[(task, person)])
    }

    /// The event of completed tasks; each is a task and the person who completed it.
    pub fn completed_many(&self, event: u128, tasks: &[(u128, u128)]) -> Event {
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

/// The id of the person with this number.
pub fn person_id(number: u128) -> PersonId {
    PersonId::from(Uuid::from_u128(number))
}

/// The id of the task with this number.
pub fn task_id(number: u128) -> TaskId {
    TaskId::from(Uuid::from_u128(number))
}

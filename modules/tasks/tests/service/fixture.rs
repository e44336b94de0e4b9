//! A tasks module on a database of its own.

use std::sync::Arc;

use contracts::{PersonId, ReassignmentId, Role, TaskId};
use harness::{TestDatabase, eventually};
use kernel::Ambient;
use kernel::events::inbox::{Inbox, RetryPolicy};
use kernel::runtime::jobs::Outcome;
use kernel::verify::{Scope, Server};
use tasks::{RawTask, Reassignment, Settings, Task, Tasks};
use uuid::Uuid;

/// The key of the order lock.
pub const ORDER_LOCK: i64 = 0x7A5C_0001;

/// The module with what a test needs around it.
pub struct Fixture {
    /// The module's database.
    pub database: TestDatabase,
    /// The clock of the module.
    pub ambient: Ambient,
    /// The module.
    pub tasks: Tasks,
    /// The module's inbox.
    pub inbox: Inbox,
}

/// A module whose pool has the workers 1 to `workers`. A chunk of a run has three tasks.
pub async fn fixture(workers: u128) -> Fixture {
    let database = harness::tracker().await;
    let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().unwrap(), 7);
    let fixture = Fixture::on(database, ambient);
    if workers > 0 {
        let people = (1..=workers).map(|number| harness::person(number, Role::Worker)).collect();
        fixture.inbox.receive(&[harness::people_changed(1, people)]).await.unwrap();
    }
    fixture
}

impl Fixture {
    /// A module on a database that exists, as after a restart of the process.
    pub fn on(database: TestDatabase, ambient: Ambient) -> Self {
        let write = database.write_pool("tasks", &ambient);
        let tasks = Tasks::new(
            write.clone(),
            database.read_pool("tasks"),
            Settings { reassign_chunk: 3.try_into().unwrap() },
            "USD".parse().unwrap(),
        );
        let subscriber = tasks.module().subscriber.unwrap();
        let inbox = Inbox::new(Arc::clone(&subscriber), write, RetryPolicy::default());
        Self { database, ambient, tasks, inbox }
    }

    /// Returns when one session waits for the order lock.
    pub async fn wait_for_a_session_that_waits_for_the_order_lock(&self) {
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())";
        eventually("a session waits for the order lock", async || {
            let mut connection = self.database.connect().await;
            let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
            (waiting == 1).then_some(())
        })
        .await;
    }

    /// Creates a task with this title.
    pub async fn create(&self, title: &str) -> Task {
        self.tasks.create_task(raw_task(title), person_id(1)).await.unwrap()
    }

    /// Creates `count` tasks, one after another.
    pub async fn create_many(&self, count: usize) -> Vec<Task> {
        let mut created = Vec::new();
        for number in 0..count {
            created.push(self.create(&format!("Task {number}")).await);
        }
        created
    }

    /// The task as it is now.
    pub async fn get(&self, id: TaskId) -> Task {
        self.tasks.get_task(id).await.unwrap()
    }

    /// Requests a run.
    pub async fn request_run(&self) -> Reassignment {
        self.tasks.request_reassignment(person_id(99)).await.unwrap()
    }

    /// The run as it is now.
    pub async fn get_run(&self, id: ReassignmentId) -> Reassignment {
        self.tasks.get_reassignment(id).await.unwrap()
    }

    /// Executes the runs until none can continue.
    pub async fn finish_runs(&self) {
        while self.tasks.reassign_next_chunk().await.unwrap() == Outcome::More {}
    }

    /// Asserts that every invariant holds.
    pub async fn verify(&self) {
        assert_eq!(self.tasks.verify(Scope::everything(Server::Primary)).await.unwrap(), []);
    }
}

/// The id of the person with this number.
pub fn person_id(number: u128) -> PersonId {
    PersonId::from(Uuid::from_u128(number))
}

/// A new task with only a title.
pub fn raw_task(title: &str) -> RawTask {
    RawTask { title: title.to_owned(), ..RawTask::default() }
}

//! A tasks module of its own for each test.

use std::sync::Arc;

use contracts::{PersonId, Role, TaskId};
use harness::{TestDatabase, eventually};
use kernel::Ambient;
use kernel::inbox::{Inbox, RetryPolicy};
use kernel::jobs::Outcome;
use tasks::{RawTask, ReassignmentRow, Settings, Tasks};
use uuid::Uuid;

pub struct World {
    pub database: TestDatabase,
    pub ambient: Ambient,
    pub tasks: Tasks,
    pub inbox: Inbox,
}

/// Workers 1 to `workers` can be drawn; chunks are of three tasks.
pub async fn world(workers: u128) -> World {
    let database = harness::tracker().await;
    let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().unwrap(), 7);
    let world = World::on(database, ambient);
    if workers > 0 {
        let people = (1..=workers).map(|number| harness::person(number, Role::Worker)).collect();
        world.inbox.receive(&[harness::people_changed(1, people)]).await.unwrap();
    }
    world
}

impl World {
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

    pub async fn somebody_waits_for_the_order_lock(&self) {
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())";
        eventually("somebody waits for the order lock", async || {
            let mut connection = self.database.connect().await;
            let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
            (waiting == 1).then_some(())
        })
        .await;
    }

    pub async fn create(&self, title: &str) -> tasks::TaskRow {
        let raw = RawTask { title: title.to_owned(), ..RawTask::default() };
        self.tasks.create_task(raw, person_id(1)).await.unwrap()
    }

    pub async fn create_many(&self, count: usize) -> Vec<tasks::TaskRow> {
        let mut created = Vec::new();
        for number in 0..count {
            created.push(self.create(&format!("Task {number}")).await);
        }
        created
    }

    pub async fn load(&self, id: Uuid) -> tasks::TaskRow {
        self.tasks.load_task(TaskId::from(id)).await.unwrap()
    }

    pub async fn ask(&self) -> ReassignmentRow {
        self.tasks.request_reassignment(person_id(99)).await.unwrap()
    }

    pub async fn run(&self, id: Uuid) -> ReassignmentRow {
        self.tasks.load_reassignment(id.into()).await.unwrap()
    }

    /// Works until nothing is left; how many looks it took.
    pub async fn finish_runs(&self) -> usize {
        let mut looks = 1;
        while self.tasks.reassign_next_chunk().await.unwrap() == Outcome::More {
            looks += 1;
        }
        looks
    }

    /// No invariant is broken.
    pub async fn verify(&self) {
        assert_eq!(self.tasks.verify().await.unwrap(), []);
    }
}

pub fn person_id(number: u128) -> PersonId {
    PersonId::from(Uuid::from_u128(number))
}

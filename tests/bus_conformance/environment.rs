//! The environment of one scenario: a database with an outbox, a bus, and a clock that stands
//! still.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use harness::TestDatabase;
use kernel::events::bus::EventBus;
use kernel::events::inbox::RetryPolicy;
use kernel::{Ambient, WritePool};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::facts::Counted;
use crate::subscriber::TestSubscriber;

/// Creates a bus. Buses of one realm are connected, like processes at one broker. Realms are
/// separate.
pub type MakeBus = fn(String) -> BoxFuture<'static, Arc<dyn EventBus>>;

/// A database, a clock, and a way to create buses.
pub struct BusEnvironment {
    pub database: TestDatabase,
    pub ambient: Ambient,
    make_bus: MakeBus,
}

impl BusEnvironment {
    pub async fn new(make_bus: MakeBus) -> Self {
        let database = harness::empty_database().await;
        create_schema(&database, "publisher").await;
        let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().unwrap(), 7);
        Self { database, ambient, make_bus }
    }

    /// A bus of the realm that belongs to this environment.
    pub async fn bus(&self) -> Arc<dyn EventBus> {
        (self.make_bus)(name_of(&self.database)).await
    }

    /// A new pool of the publisher, as each process has one.
    pub fn publisher(&self) -> WritePool {
        self.database.write_pool("publisher", &self.ambient)
    }

    /// A subscriber with its schema in the shared database.
    pub async fn subscriber(&self, name: &'static str) -> TestSubscriber {
        self.subscriber_with(name, RetryPolicy::default()).await
    }

    /// The same with a retry policy.
    pub async fn subscriber_with(&self, name: &'static str, policy: RetryPolicy) -> TestSubscriber {
        create_schema(&self.database, name).await;
        TestSubscriber::new(self.database.write_pool(name, &self.ambient), policy)
    }

    /// A subscriber with a database of its own.
    pub async fn subscriber_in(&self, database: &TestDatabase, name: &'static str) -> TestSubscriber {
        create_schema(database, name).await;
        TestSubscriber::new(database.write_pool(name, &self.ambient), RetryPolicy::default())
    }

    /// Commits one transaction with an event for each number.
    pub async fn emit(&self, numbers: impl IntoIterator<Item = i64>) {
        self.emit_with_weight(1, numbers).await;
    }

    /// The same with a weight.
    pub async fn emit_with_weight(&self, weight: usize, numbers: impl IntoIterator<Item = i64>) {
        let mut tx = self.publisher().begin().await.unwrap();
        for number in numbers {
            tx.emit(&Counted { number, weight }).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The numbers of the events in the outbox.
    pub async fn outbox(&self) -> Vec<i64> {
        let events = self.database.outbox("publisher").await;
        events.iter().map(|event| event.fact::<Counted>().unwrap().number).collect()
    }

    /// The number of transactions that have locked rows of the outbox.
    pub async fn outbox_locked(&self) -> i64 {
        let statement = "select count(*) from pg_locks
             where relation = 'publisher.outbox'::regclass and mode = 'RowExclusiveLock'";
        sqlx::query_scalar(statement).fetch_one(&mut self.database.connect().await).await.unwrap()
    }

    /// Closes all connections of the application, as the end of a process does.
    pub async fn break_connections(&self) {
        let mut connection = self.database.connect().await;
        sqlx::query(
            "select pg_terminate_backend(pid)
             from pg_stat_activity
             where datname = current_database() and application_name = 'piecework'",
        )
        .execute(&mut connection)
        .await
        .unwrap();
    }
}

/// Creates the outbox and inbox of a module, and a table for effects.
async fn create_schema(database: &TestDatabase, schema: &str) {
    let statements = format!(
        "create schema if not exists {schema};
         create table if not exists {schema}.outbox (
             position bigint generated always as identity primary key,
             event_id uuid not null,
             weight integer not null,
             event json not null
         );
         create table if not exists {schema}.inbox (
             event_id uuid primary key,
             event_type text not null,
             state text not null,
             received_at timestamptz not null,
             attempts integer not null default 0,
             last_error text,
             next_attempt_at timestamptz,
             discard_reason text,
             event json
         );
         create table if not exists {schema}.effects (number bigint not null);"
    );
    let mut connection = database.connect().await;
    connection.execute(AssertSqlSafe(statements)).await.unwrap();
    connection.close().await.unwrap();
}

/// The name of a database.
pub fn name_of(database: &TestDatabase) -> String {
    database.url().rsplit_once('/').unwrap().1.to_owned()
}

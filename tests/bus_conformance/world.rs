//! A world for one scenario: a database with an outbox, subscribers that count, and a clock that stands still.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::{Event, Fact};
use futures_util::future::BoxFuture;
use harness::{TestDatabase, eventually};
use kernel::bus::EventBus;
use kernel::inbox::{ApplyError, Inbox, RetryPolicy, Subscriber};
use kernel::{Ambient, Tx, WritePool};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::Semaphore;

/// Makes a bus. Those of one realm belong together, as two processes at one broker do; realms know nothing of each other.
pub type MakeBus = fn(String) -> BoxFuture<'static, Arc<dyn EventBus>>;

/// The fact of these tests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counted {
    pub number: i64,
    #[serde(default)]
    pub weight: usize,
}

impl Fact for Counted {
    const TYPE: &'static str = "piecework.probe.counted.v1";
    const SOURCE: &'static str = "/piecework/probe";

    fn weight(&self) -> usize {
        self.weight
    }
}

/// A fact that no subscriber asks for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Whispered {}

impl Fact for Whispered {
    const TYPE: &'static str = "piecework.probe.whispered.v1";
    const SOURCE: &'static str = "/piecework/probe";

    fn weight(&self) -> usize {
        1
    }
}

/// The event that counts `number`; the same number has the same event id.
pub fn counted(number: i64) -> Event {
    let id = u128::try_from(number).unwrap();
    harness::event(id, &Counted { number, weight: 1 })
}

pub struct World {
    pub database: TestDatabase,
    pub ambient: Ambient,
    make_bus: MakeBus,
}

impl World {
    pub async fn new(make_bus: MakeBus) -> Self {
        let database = harness::empty_database().await;
        make_schema(&database, "publisher").await;
        let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().unwrap(), 7);
        Self { database, ambient, make_bus }
    }

    /// A bus of this world's realm.
    pub async fn bus(&self) -> Arc<dyn EventBus> {
        (self.make_bus)(name_of(&self.database)).await
    }

    /// A pool of its own for each process that publishes.
    pub fn publisher(&self) -> WritePool {
        self.database.write_pool("publisher", &self.ambient)
    }

    pub async fn probe(&self, name: &'static str) -> Probe {
        self.probe_with(name, RetryPolicy::default()).await
    }

    pub async fn probe_with(&self, name: &'static str, policy: RetryPolicy) -> Probe {
        make_schema(&self.database, name).await;
        Probe::new(self.database.write_pool(name, &self.ambient), policy)
    }

    /// A subscriber that has a database for itself.
    pub async fn probe_in(&self, database: &TestDatabase, name: &'static str) -> Probe {
        make_schema(database, name).await;
        Probe::new(database.write_pool(name, &self.ambient), RetryPolicy::default())
    }

    /// Commits an event for each number.
    pub async fn say(&self, numbers: impl IntoIterator<Item = i64>) {
        self.say_weighing(1, numbers).await;
    }

    pub async fn say_weighing(&self, weight: usize, numbers: impl IntoIterator<Item = i64>) {
        let mut tx = self.publisher().begin().await.unwrap();
        for number in numbers {
            tx.emit(&Counted { number, weight }).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The numbers of the events that are not delivered yet.
    pub async fn outbox(&self) -> Vec<i64> {
        let events = self.database.outbox("publisher").await;
        events.iter().map(|event| event.fact::<Counted>().unwrap().number).collect()
    }

    /// How many transactions have rows of the outbox in hand.
    pub async fn outbox_locked(&self) -> i64 {
        let statement = "select count(*) from pg_locks
             where relation = 'publisher.outbox'::regclass and mode = 'RowExclusiveLock'";
        sqlx::query_scalar(statement).fetch_one(&mut self.database.connect().await).await.unwrap()
    }

    /// What the end of a process means to a database: its connections are gone, its open transactions have not happened.
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

/// The tables that every module with events has, and a place for effects.
async fn make_schema(database: &TestDatabase, schema: &str) {
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

pub fn name_of(database: &TestDatabase) -> String {
    database.url().rsplit_once('/').unwrap().1.to_owned()
}

/// What a subscriber does with one number.
#[derive(Clone)]
pub enum Mood {
    Fails(&'static str),
    Panics(&'static str),
    GivesUp(&'static str),
    /// Until the semaphore gives a permit.
    Waits(Arc<Semaphore>),
}

/// A subscriber that notes each number it hears; no key keeps it from noting one twice.
pub struct Probe {
    pub inbox: Arc<Inbox>,
    write: WritePool,
    counter: Arc<Counter>,
}

struct Counter {
    name: &'static str,
    moods: Mutex<HashMap<i64, Mood>>,
}

/// A row of an inbox.
#[derive(Debug, sqlx::FromRow)]
pub struct Kept {
    pub state: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub pause_ms: Option<i64>,
    pub discard_reason: Option<String>,
}

impl Probe {
    fn new(write: WritePool, policy: RetryPolicy) -> Self {
        let counter = Arc::new(Counter { name: write.schema(), moods: Mutex::default() });
        let subscriber = Arc::clone(&counter);
        let inbox = Arc::new(Inbox::new(subscriber, write.clone(), policy));
        Self { inbox, write, counter }
    }

    pub fn set(&self, number: i64, mood: Mood) {
        self.counter.moods.lock().unwrap().insert(number, mood);
    }

    pub fn clear(&self) {
        self.counter.moods.lock().unwrap().clear();
    }

    /// Every number that took effect, as often as it did.
    pub async fn effects(&self) -> Vec<i64> {
        let statement = format!("select number from {}.effects order by number", self.write.schema());
        let mut connection = self.write.acquire().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut *connection).await.unwrap()
    }

    /// Waits until at least so many have taken effect.
    pub async fn wait_for(&self, count: usize) {
        let enough = async || (self.effects().await.len() >= count).then_some(());
        eventually(&format!("{count} effects at {}", self.write.schema()), enough).await;
    }

    /// What the inbox says of the event with this number, if it has heard of it; the pause counts from the clock's now.
    pub async fn kept(&self, number: i64) -> Option<Kept> {
        let statement = format!(
            "select state, attempts, last_error, discard_reason,
                 (extract(epoch from next_attempt_at - $2) * 1000)::bigint as pause_ms
             from {}.inbox
             where event_id = $1",
            self.write.schema()
        );
        let mut connection = self.write.acquire().await.unwrap();
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(counted(number).id.uuid())
            .bind(self.write.ambient().now())
            .fetch_optional(&mut *connection)
            .await
            .unwrap()
    }

    /// Waits until the event has failed so often.
    pub async fn wait_for_attempts(&self, number: i64, attempts: i32) -> Kept {
        let so_often = async || self.kept(number).await.filter(|kept| kept.attempts == attempts);
        eventually(&format!("attempt {attempts} of {number}"), so_often).await
    }
}

impl Subscriber for Counter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn event_types(&self) -> &'static [&'static str] {
        &[Counted::TYPE]
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut numbers = Vec::with_capacity(events.len());
            for event in events {
                numbers.push(event.fact::<Counted>()?.number);
            }
            // The effect first: what fails afterwards must take it back.
            let statement = format!("insert into {}.effects (number) select * from unnest($1::bigint[])", self.name);
            sqlx::query(AssertSqlSafe(statement)).bind(&numbers).execute(&mut **tx).await?;
            for number in numbers {
                let mood = self.moods.lock().unwrap().get(&number).cloned();
                match mood {
                    None => {}
                    Some(Mood::Fails(reason)) => return Err(ApplyError::Retry(reason.to_owned())),
                    Some(Mood::GivesUp(reason)) => return Err(ApplyError::GiveUp(reason.to_owned())),
                    Some(Mood::Panics(reason)) => std::panic::panic_any(reason),
                    Some(Mood::Waits(gate)) => gate.acquire().await.unwrap().forget(),
                }
            }
            Ok(())
        })
    }
}

/// A policy whose handlers may take only so long.
pub fn impatient(apply_timeout: Duration) -> RetryPolicy {
    RetryPolicy { apply_timeout_ms: u64::try_from(apply_timeout.as_millis()).unwrap(), ..RetryPolicy::default() }
}

//! Scenarios in which processes, connections and databases fail and return.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::{TestDatabase, eventually};
use kernel::events::bus::{EventBus, PublishError};
use kernel::events::inbox::Inbox;
use kernel::events::relay::Relay;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::{Notify, Semaphore};

use crate::environment::{BusEnvironment, name_of};
use crate::facts::counted;
use crate::process::Process;
use crate::subscriber::Behaviour;

/// A bus that takes events and never answers their publisher.
struct Unanswering {
    inner: Arc<dyn EventBus>,
    taken: Notify,
}

impl EventBus for Unanswering {
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            self.inner.publish(events).await?;
            self.taken.notify_one();
            std::future::pending().await
        })
    }

    fn subscribe(&self, inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>> {
        self.inner.subscribe(inbox)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}

pub async fn a_publisher_that_dies_before_it_commits_repeats_no_effect(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    environment.emit(1..=50).await;
    let process = Process::start_with_relays(&environment, &[&subscriber], 0).await;
    for _ in 0..2 {
        let unanswering = Arc::new(Unanswering { inner: Arc::clone(&process.bus), taken: Notify::new() });
        let relay = Relay::new(environment.publisher(), Arc::clone(&unanswering) as Arc<dyn EventBus>);
        // The relay repeats the batch until the bus takes it, because a new bus may not be ready.
        let relaying = tokio::spawn(relay.run(process.shutdown.signal()));
        unanswering.taken.notified().await;
        relaying.abort();
        assert!(relaying.await.unwrap_err().is_cancelled());
        let all_back = async || (environment.outbox().await.len() == 50).then_some(());
        eventually("the events are in the outbox again", all_back).await;
    }
    process.stop().await;
    let process = Process::start(&environment, &[&subscriber]).await;
    let emptied = async || environment.outbox().await.is_empty().then_some(());
    eventually("the next relay delivers them", emptied).await;
    subscriber.wait_for(50).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, (1..=50).collect::<Vec<i64>>());
}

pub async fn a_subscriber_that_is_killed_during_work_loses_no_event(environment: BusEnvironment) {
    let killed = environment.subscriber("first").await;
    let gate = Arc::new(Semaphore::new(0));
    killed.set(3, Behaviour::Waits(Arc::clone(&gate)));
    let process = Process::start(&environment, &[&killed]).await;
    environment.emit(1..=5).await;
    let applying = async || is_applying(&environment, "first").await.then_some(());
    eventually("the subscriber has an open transaction", applying).await;
    process.kill(&environment).await;
    // The first two events may have been applied before, in a transaction of their own.
    let committed = environment.subscriber("first").await.effects().await;
    assert!(committed.iter().all(|number| *number < 3), "the open transaction is rolled back: {committed:?}");
    environment.emit(6..=7).await;

    let restarted = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&restarted]).await;
    restarted.wait_for(7).await;
    // A permit for the killed subscriber has no effect.
    gate.add_permits(100);
    process.end(&environment, &[&restarted]).await;
    assert_eq!(restarted.effects().await, (1..=7).collect::<Vec<i64>>());
}

/// Whether an open transaction has written effects.
async fn is_applying(environment: &BusEnvironment, schema: &str) -> bool {
    let table = format!("{schema}.effects");
    let locked = "select exists (select from pg_locks where relation = $1::regclass and mode = 'RowExclusiveLock')";
    sqlx::query_scalar(locked).bind(table).fetch_one(&mut environment.database.connect().await).await.unwrap()
}

pub async fn a_subscriber_gets_its_events_after_its_database_was_down(environment: BusEnvironment) {
    let other_database = harness::empty_database().await;
    let (down, other) =
        (environment.subscriber_in(&other_database, "first").await, environment.subscriber("second").await);
    let process = Process::start(&environment, &[&down, &other]).await;
    environment.emit([1]).await;
    down.wait_for(1).await;
    admit(&environment, &other_database, false).await;
    environment.emit(2..=4).await;
    other.wait_for(4).await;
    admit(&environment, &other_database, true).await;
    down.wait_for(4).await;
    process.end(&environment, &[&down, &other]).await;
    assert_eq!(down.effects().await, [1, 2, 3, 4]);
    assert_eq!(other.effects().await, [1, 2, 3, 4]);
}

/// Lets a database accept connections, or closes all connections and refuses new ones.
pub async fn admit(environment: &BusEnvironment, database: &TestDatabase, admitted: bool) {
    let name = name_of(database);
    let mut connection = environment.database.connect().await;
    connection
        .execute(AssertSqlSafe(format!("alter database {name} with allow_connections {admitted}")))
        .await
        .unwrap();
    if !admitted {
        let terminate = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        sqlx::query(terminate).bind(name).execute(&mut connection).await.unwrap();
    }
}

pub async fn broken_connections_lose_and_repeat_no_event(environment: BusEnvironment) {
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let process = Process::start_with_relays(&environment, &[&first, &second], 2).await;
    for round in 0..4_i64 {
        environment.emit(round * 400 + 1..=round * 400 + 400).await;
        // The connections break while events are delivered.
        environment.break_connections().await;
    }
    for subscriber in [&first, &second] {
        let all = async || {
            let statement = format!("select count(*) from {}.effects", subscriber.inbox.subscriber());
            let mut connection = environment.database.connect().await;
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await.unwrap();
            (count >= 1_600).then_some(())
        };
        eventually("every event takes effect", all).await;
    }
    let emptied = async || environment.outbox().await.is_empty().then_some(());
    eventually("the outbox is empty", emptied).await;
    process.end(&environment, &[&first, &second]).await;
    assert_eq!(first.effects().await, (1..=1_600).collect::<Vec<i64>>());
    assert_eq!(second.effects().await, (1..=1_600).collect::<Vec<i64>>());
}

pub async fn a_stop_loses_no_event(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    let gate = Arc::new(Semaphore::new(0));
    subscriber.set(1, Behaviour::Waits(Arc::clone(&gate)));
    // More events than one batch can have.
    environment.emit(1..=600).await;
    let process = Process::start(&environment, &[&subscriber]).await;
    let applying = async || is_applying(&environment, "first").await.then_some(());
    eventually("the first batch is in progress", applying).await;
    process.shutdown.trigger();
    gate.add_permits(100);
    process.stop().await;
    let effects = subscriber.effects().await;
    assert!(effects.contains(&1), "the batch in progress is finished");

    let restarted = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&restarted]).await;
    restarted.wait_for(600).await;
    process.end(&environment, &[&restarted]).await;
    assert_eq!(restarted.effects().await, (1..=600).collect::<Vec<i64>>());
}

pub async fn a_closed_bus_takes_no_event(environment: BusEnvironment) {
    let subscriber = environment.subscriber("first").await;
    let bus = environment.bus().await;
    bus.subscribe(Arc::clone(&subscriber.inbox)).await.unwrap();
    bus.close().await;
    assert!(matches!(bus.publish(Arc::new([counted(1)])).await, Err(PublishError::Closed)));
    assert!(matches!(bus.subscribe(Arc::clone(&subscriber.inbox)).await, Err(PublishError::Closed)));
    // A closed bus can be closed again.
    bus.close().await;
    assert_eq!(subscriber.effects().await, [0_i64; 0]);
}

//! Scenarios in which processes, connections and databases go away and come back.

use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::{TestDatabase, eventually};
use kernel::bus::{EventBus, PublishError};
use kernel::inbox::Inbox;
use kernel::outbox::Relay;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::{Notify, Semaphore};

use crate::process::Process;
use crate::world::{Mood, World, counted, name_of};

/// A bus whose publisher never hears that its events were taken.
struct Deaf {
    inner: Arc<dyn EventBus>,
    taken: Notify,
}

impl EventBus for Deaf {
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

pub async fn a_publisher_that_dies_before_it_commits_doubles_nothing(world: World) {
    let probe = world.probe("first").await;
    world.say(1..=50).await;
    let process = Process::start_with_relays(&world, &[&probe], 0).await;
    for _ in 0..2 {
        let deaf = Arc::new(Deaf { inner: Arc::clone(&process.bus), taken: Notify::new() });
        let relay = Relay::new(world.publisher(), Arc::clone(&deaf) as Arc<dyn EventBus>);
        // It goes on until the bus takes the batch: one that has just been started may not be ready for it.
        let relaying = tokio::spawn(relay.run(process.shutdown.signal()));
        deaf.taken.notified().await;
        relaying.abort();
        assert!(relaying.await.unwrap_err().is_cancelled());
        let all_back = async || (world.outbox().await.len() == 50).then_some(());
        eventually("the outbox has its events again", all_back).await;
    }
    process.stop().await;
    let process = Process::start(&world, &[&probe]).await;
    let emptied = async || world.outbox().await.is_empty().then_some(());
    eventually("the next relay delivers them", emptied).await;
    probe.wait_for(50).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, (1..=50).collect::<Vec<i64>>());
}

pub async fn a_subscriber_that_is_killed_at_work_loses_nothing(world: World) {
    let killed = world.probe("first").await;
    let gate = Arc::new(Semaphore::new(0));
    killed.set(3, Mood::Waits(Arc::clone(&gate)));
    let process = Process::start(&world, &[&killed]).await;
    world.say(1..=5).await;
    let at_work = async || is_at_work(&world, "first").await.then_some(());
    eventually("the subscriber is in the middle of a transaction", at_work).await;
    process.kill(&world).await;
    // The bus may have handed over the first two before, in a transaction of their own.
    let committed = world.probe("first").await.effects().await;
    assert!(committed.iter().all(|number| *number < 3), "nothing of that transaction was committed: {committed:?}");
    world.say(6..=7).await;

    let restarted = world.probe("first").await;
    let process = Process::start(&world, &[&restarted]).await;
    restarted.wait_for(7).await;
    // Whatever is left of the killed one comes too late.
    gate.add_permits(100);
    process.end(&world, &[&restarted]).await;
    assert_eq!(restarted.effects().await, (1..=7).collect::<Vec<i64>>());
}

/// Whether somebody has written effects and not committed them.
async fn is_at_work(world: &World, schema: &str) -> bool {
    let table = format!("{schema}.effects");
    let locked = "select exists (select from pg_locks where relation = $1::regclass and mode = 'RowExclusiveLock')";
    sqlx::query_scalar(locked).bind(table).fetch_one(&mut world.database.connect().await).await.unwrap()
}

pub async fn a_subscriber_whose_database_was_down_gets_its_events_afterwards(world: World) {
    let elsewhere = harness::empty_database().await;
    let (down, other) = (world.probe_in(&elsewhere, "first").await, world.probe("second").await);
    let process = Process::start(&world, &[&down, &other]).await;
    world.say([1]).await;
    down.wait_for(1).await;
    admit(&world, &elsewhere, false).await;
    world.say(2..=4).await;
    other.wait_for(4).await;
    admit(&world, &elsewhere, true).await;
    down.wait_for(4).await;
    process.end(&world, &[&down, &other]).await;
    assert_eq!(down.effects().await, [1, 2, 3, 4]);
    assert_eq!(other.effects().await, [1, 2, 3, 4]);
}

/// Takes a database away, or brings it back.
pub async fn admit(world: &World, database: &TestDatabase, admitted: bool) {
    let name = name_of(database);
    let mut connection = world.database.connect().await;
    connection
        .execute(AssertSqlSafe(format!("alter database {name} with allow_connections {admitted}")))
        .await
        .unwrap();
    if !admitted {
        let everybody = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        sqlx::query(everybody).bind(name).execute(&mut connection).await.unwrap();
    }
}

pub async fn connections_that_break_lose_and_double_nothing(world: World) {
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    let process = Process::start_with_relays(&world, &[&first, &second], 2).await;
    for round in 0..4_i64 {
        world.say(round * 400 + 1..=round * 400 + 400).await;
        // In the middle of whatever is going on.
        world.break_connections().await;
    }
    for probe in [&first, &second] {
        let all = async || {
            let statement = format!("select count(*) from {}.effects", probe.inbox.subscriber());
            let mut connection = world.database.connect().await;
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await.unwrap();
            (count >= 1_600).then_some(())
        };
        eventually("everything arrives in the end", all).await;
    }
    let emptied = async || world.outbox().await.is_empty().then_some(());
    eventually("the outbox is empty", emptied).await;
    process.end(&world, &[&first, &second]).await;
    assert_eq!(first.effects().await, (1..=1_600).collect::<Vec<i64>>());
    assert_eq!(second.effects().await, (1..=1_600).collect::<Vec<i64>>());
}

pub async fn a_stop_in_good_order_loses_nothing(world: World) {
    let probe = world.probe("first").await;
    let gate = Arc::new(Semaphore::new(0));
    probe.set(1, Mood::Waits(Arc::clone(&gate)));
    // More than go in one batch.
    world.say(1..=600).await;
    let process = Process::start(&world, &[&probe]).await;
    let at_work = async || is_at_work(&world, "first").await.then_some(());
    eventually("the first batch is under way", at_work).await;
    process.shutdown.trigger();
    gate.add_permits(100);
    process.stop().await;
    let effects = probe.effects().await;
    assert!(effects.contains(&1), "what was under way was finished");

    let restarted = world.probe("first").await;
    let process = Process::start(&world, &[&restarted]).await;
    restarted.wait_for(600).await;
    process.end(&world, &[&restarted]).await;
    assert_eq!(restarted.effects().await, (1..=600).collect::<Vec<i64>>());
}

pub async fn a_closed_bus_takes_nothing(world: World) {
    let probe = world.probe("first").await;
    let bus = world.bus().await;
    bus.subscribe(Arc::clone(&probe.inbox)).await.unwrap();
    bus.close().await;
    assert!(matches!(bus.publish(Arc::new([counted(1)])).await, Err(PublishError::Closed)));
    assert!(matches!(bus.subscribe(Arc::clone(&probe.inbox)).await, Err(PublishError::Closed)));
    // Closing what is closed is no mistake.
    bus.close().await;
    assert_eq!(probe.effects().await, [0_i64; 0]);
}

//! The bus over RabbitMQ: the suite of all buses, and what only a broker can do to one.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::eventually;
use harness::rabbitmq::{Node, own_node, shared_amqp_url};
use kernel::bus::{EventBus, PublishError, Subscription};
use lapin::options::{BasicPublishOptions, ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use piecework::bus::{Address, RabbitMq};
use tokio::runtime::Builder;

use crate::conforms;
use crate::process::Process;
use crate::world::{Probe, World, counted, name_of};

/// The subscribers of this suite.
const SUBSCRIBERS: [&str; 2] = ["first", "second"];

/// Realms that are to be taken off the broker at the end: it may be somebody's.
static REALMS: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[test]
fn the_rabbitmq_bus_conforms() {
    if shared_amqp_url("the conformance of the bus over RabbitMQ").is_none() {
        return;
    }
    conforms(shared);
    let realms = std::mem::take(&mut *REALMS.lock().unwrap());
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let channel = channel(&shared_amqp_url("").unwrap()).await;
        for realm in realms {
            clear(&channel, &realm).await;
        }
    });
}

fn shared(realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    let url = shared_amqp_url("a bus over RabbitMQ").unwrap();
    Box::pin(async move {
        REALMS.lock().unwrap().push(realm.clone());
        bus_at(&url, realm)
    })
}

fn bus_at(url: &str, realm: String) -> Arc<dyn EventBus> {
    Arc::new(RabbitMq::start(&Address::parse(url).unwrap(), realm, Vec::new()))
}

/// A node that tests may ill-treat, one at a time.
struct Victim {
    node: Node,
    turn: tokio::sync::Mutex<()>,
}

fn victim(left_out: &str) -> Option<&'static Victim> {
    static VICTIM: OnceLock<Option<Victim>> = OnceLock::new();
    let make = || own_node(left_out).map(|node| Victim { node, turn: tokio::sync::Mutex::new(()) });
    VICTIM.get_or_init(make).as_ref()
}

fn ill_treated(realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    Box::pin(async move { bus_at(&victim("a bus over RabbitMQ").unwrap().node.url(), realm) })
}

async fn channel(url: &str) -> Channel {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    // It closes with the last channel.
    connection.create_channel().await.unwrap()
}

async fn clear(channel: &Channel, realm: &str) {
    for name in SUBSCRIBERS {
        for queue in [format!("{realm}.{name}"), format!("{realm}.dead.{name}")] {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        }
    }
    for exchange in ["events", "dead"] {
        let exchange = format!("{realm}.{exchange}").into();
        channel.exchange_delete(exchange, ExchangeDeleteOptions::default()).await.unwrap();
    }
}

/// Puts bytes into a queue, past everything.
async fn put(channel: &Channel, queue: String, bytes: &[u8], message_id: &str) {
    let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(message_id.into());
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let put = channel.basic_publish("".into(), queue.into(), options, bytes, properties).await.unwrap();
    put.await.unwrap();
}

/// Messages that are there, delivered or not, and consumers.
async fn count(channel: &Channel, queue: String) -> Option<(u32, u32)> {
    let options = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = channel.queue_declare(queue.into(), options, Default::default()).await.ok()?;
    Some((queue.message_count(), queue.consumer_count()))
}

async fn all_of(probe: &Probe, last: i64) {
    probe.wait_for(usize::try_from(last).unwrap()).await;
    assert_eq!(probe.effects().await, (1..=last).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_and_comes_back_loses_and_doubles_nothing() {
    let Some(victim) = victim("a broker that is killed") else { return };
    let _turn = victim.turn.lock().await;
    let world = World::new(ill_treated).await;
    let (first, second) = (world.probe("first").await, world.probe("second").await);
    let process = Process::start_with_relays(&world, &[&first, &second], 2).await;
    let mut said = 0;
    let mut say = async |count: i64| {
        world.say(said + 1..=said + count).await;
        said += count;
    };
    say(1).await;
    eventually("events flow", async || (!first.effects().await.is_empty()).then_some(())).await;
    let realm = name_of(&world.database);
    for queue in SUBSCRIBERS.iter().flat_map(|name| [format!("{realm}.{name}"), format!("{realm}.dead.{name}")]) {
        eventually("the node has written down its queues", async || victim.node.remembers(&queue).then_some(())).await;
    }
    say(1_999).await;
    eventually("more events flow", async || (first.effects().await.len() > 100).then_some(())).await;
    tokio::task::block_in_place(|| victim.node.kill());
    eventually("the bus knows", async || (!process.bus.is_connected()).then_some(())).await;
    say(2_000).await;
    let began = Instant::now();
    let refused = process.bus.publish(Arc::new([counted(1)])).await;
    assert!(matches!(refused, Err(PublishError::OutOfReach(_))), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "without a broker publishing fails at once");
    tokio::task::block_in_place(|| victim.node.restart());
    let back = Instant::now();
    say(1_000).await;
    for probe in [&first, &second] {
        all_of(probe, 5_000).await;
    }
    println!("all 5,000 events had taken effect {:?} after the broker was back", back.elapsed());
    process.end(&world, &[&first, &second]).await;
    assert_eq!(first.effects().await.len(), 5_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stands_still_is_noticed_and_loses_and_doubles_nothing() {
    let Some(victim) = victim("a broker that stands still") else { return };
    let _turn = victim.turn.lock().await;
    let world = World::new(ill_treated).await;
    let probe = world.probe("first").await;
    let process = Process::start(&world, &[&probe]).await;
    world.say(1..=100).await;
    all_of(&probe, 100).await;
    victim.node.freeze();
    let frozen = Instant::now();
    world.say(101..=600).await;
    eventually("the bus notices by itself", async || (!process.bus.is_connected()).then_some(())).await;
    println!("the frozen broker was noticed after {:?}", frozen.elapsed());
    assert!(frozen.elapsed() < Duration::from_secs(35));
    victim.node.thaw();
    let thawed = Instant::now();
    all_of(&probe, 600).await;
    println!("everything had taken effect {:?} after it went on", thawed.elapsed());
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await.len(), 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_starts_without_a_broker_and_is_there_when_it_comes() {
    let Some(victim) = victim("a broker that comes late") else { return };
    let _turn = victim.turn.lock().await;
    tokio::task::block_in_place(|| victim.node.kill());
    let world = World::new(ill_treated).await;
    let probe = world.probe("first").await;
    let process = Process::start(&world, &[&probe]).await;
    world.say(1..=10).await;
    let refused = process.bus.publish(Arc::new([counted(11)])).await;
    assert!(matches!(refused, Err(PublishError::OutOfReach(_))), "{refused:?}");
    assert!(!process.bus.is_connected());
    tokio::task::block_in_place(|| victim.node.restart());
    all_of(&probe, 10).await;
    process.end(&world, &[&probe]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_nobody_can_decode_is_parked_and_holds_up_nobody() {
    let Some(url) = shared_amqp_url("poison in a queue") else { return };
    let world = World::new(shared).await;
    let (probe, realm) = (world.probe("first").await, name_of(&world.database));
    let process = Process::start(&world, &[&probe]).await;
    world.say([1]).await;
    probe.wait_for(1).await;
    let channel = channel(&url).await;
    let queue = format!("{realm}.first");
    // The second claims to be an event that is still to come.
    let poisons: [&[u8]; 4] = [b"{\"specversion\": \"1.0\", \"id\":", b"[]", b"\xff\x00\xfe", b""];
    for poison in poisons {
        put(&channel, queue.clone(), poison, &counted(2).id.to_string()).await;
        put(&channel, queue.clone(), poison, "again").await;
    }
    world.say([2, 3]).await;
    probe.wait_for(3).await;
    let all_parked = async || {
        let parked = probe.inbox.list_parked(None, 10).await.unwrap();
        (parked.len() == poisons.len()).then_some(parked)
    };
    let parked = eventually("all four are parked, once each", all_parked).await;
    let bodies: Vec<&str> = parked.iter().map(|event| event.event.as_str().unwrap()).collect();
    assert!(bodies.contains(&"[]") && bodies.contains(&"") && bodies.contains(&"\u{fffd}\0\u{fffd}"), "{bodies:?}");
    assert!(
        parked.iter().all(|event| event.event_type == "undecodable" && event.last_error.contains("this is no event"))
    );

    // A retry cannot mend it, and stands in nobody's way; discarding it is what is left.
    for event in &parked {
        assert!(probe.inbox.retry_parked(event.event_id).await.unwrap());
    }
    let again = eventually("they are parked again", all_parked).await;
    assert!(again.iter().all(|event| event.last_error.contains("this is no event")));
    for event in again {
        assert!(probe.inbox.discard_parked(event.event_id, "nobody can read it").await.unwrap());
    }
    assert_eq!(probe.effects().await, [1, 2, 3]);
    process.end(&world, &[&probe]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_parked_and_takes_effect_when_a_person_retries_it() {
    let Some(url) = shared_amqp_url("dead letters") else { return };
    let world = World::new(shared).await;
    let (probe, realm) = (world.probe("first").await, name_of(&world.database));
    // Nobody is there: somebody takes it again and again, and dies of it.
    let process = Process::start(&world, &[&probe]).await;
    world.say([1]).await;
    probe.wait_for(1).await;
    process.stop().await;
    let channel = channel(&url).await;
    let queue = format!("{realm}.first");
    put(&channel, queue.clone(), &serde_json::to_vec(&counted(2)).unwrap(), "2").await;
    let dead = async || {
        if let Some(message) = channel.basic_get(queue.clone().into(), Default::default()).await.unwrap() {
            let requeue = lapin::options::BasicNackOptions { requeue: true, multiple: false };
            message.nack(requeue).await.unwrap();
        }
        let (count, _) = count(&channel, format!("{realm}.dead.first")).await.unwrap();
        (count == 1).then_some(())
    };
    eventually("the limit is reached", dead).await;
    put(&channel, format!("{realm}.dead.first"), b"and this is no event", "").await;

    let process = Process::start(&world, &[&probe]).await;
    let both = async || {
        let parked = probe.inbox.list_parked(None, 10).await.unwrap();
        (parked.len() == 2).then_some(parked)
    };
    let parked = eventually("both are parked", both).await;
    let event = parked.iter().find(|event| event.event_id == counted(2).id.uuid()).unwrap();
    assert!(event.last_error.contains("delivered again and again"), "{}", event.last_error);
    assert_eq!(event.event["data"]["number"], 2);
    assert_eq!(probe.effects().await, [1]);
    assert!(probe.inbox.retry_parked(event.event_id).await.unwrap());
    probe.wait_for(2).await;
    let other = parked.iter().find(|other| other.event_id != event.event_id).unwrap();
    assert!(probe.inbox.discard_parked(other.event_id, "nobody can read it").await.unwrap());
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_deleted_under_its_consumer_is_made_again() {
    let Some(url) = shared_amqp_url("a queue that is deleted") else { return };
    let world = World::new(shared).await;
    let (probe, realm) = (world.probe("first").await, name_of(&world.database));
    let process = Process::start(&world, &[&probe]).await;
    world.say([1]).await;
    probe.wait_for(1).await;
    let channel = channel(&url).await;
    channel.queue_delete(format!("{realm}.first").into(), QueueDeleteOptions::default()).await.unwrap();
    world.say([2]).await;
    probe.wait_for(2).await;
    // The binding alone: what has no way to its queue is not published, until it has.
    let key = counted(1).kind;
    let queue = format!("{realm}.first");
    let exchange = format!("{realm}.events");
    channel.queue_unbind(queue.into(), exchange.into(), key.into(), Default::default()).await.unwrap();
    world.say([3]).await;
    probe.wait_for(3).await;
    process.end(&world, &[&probe]).await;
    assert_eq!(probe.effects().await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_for_a_service_that_has_never_been_started() {
    let Some(url) = shared_amqp_url("services that start later") else { return };
    let world = World::new(shared).await;
    let realm = name_of(&world.database);
    let probe = world.probe("second").await;
    // A process that hosts no subscriber, and knows of one elsewhere.
    let known = Subscription { subscriber: "second", event_types: probe.inbox.event_types() };
    let alone = RabbitMq::start(&Address::parse(&url).unwrap(), realm.clone(), vec![known]);
    let events: Arc<[Event]> = (1..=300).map(counted).collect();
    alone.publish(Arc::clone(&events)).await.unwrap();
    alone.close().await;
    let channel = channel(&url).await;
    eventually("they wait", async || (count(&channel, format!("{realm}.second")).await? == (300, 0)).then_some(()))
        .await;

    // The service starts, is killed in the middle, and started again.
    let process = Process::start_with_relays(&world, &[&probe], 0).await;
    eventually("it has begun", async || (!probe.effects().await.is_empty()).then_some(())).await;
    process.kill(&world).await;
    let restarted = world.probe("second").await;
    let process = Process::start_with_relays(&world, &[&restarted], 0).await;
    all_of(&restarted, 300).await;
    process.end(&world, &[&restarted]).await;
    eventually("the queue is empty", async || {
        (count(&channel, format!("{realm}.second")).await? == (0, 0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_and_their_rate() {
    if shared_amqp_url("the rate of the bus over RabbitMQ").is_none() {
        return;
    }
    let world = World::new(shared).await;
    let probe = world.probe("first").await;
    let rate =
        |what: &str, began: Instant| println!("{what}: {:.0} events/s", 10_000.0 / began.elapsed().as_secs_f64());
    // Published past the outbox, with the consumer at work beside it.
    let process = Process::start_with_relays(&world, &[&probe], 0).await;
    let events: Vec<Event> = (1..=10_000).map(counted).collect();
    let began = Instant::now();
    for events in events.chunks(500) {
        process.bus.publish(events.into()).await.unwrap();
    }
    rate("published and confirmed", began);
    probe.wait_for(10_000).await;
    rate("published, consumed and applied", began);
    process.end(&world, &[&probe]).await;

    let world = World::new(shared).await;
    let probe = world.probe("first").await;
    let process = Process::start(&world, &[&probe]).await;
    let began = Instant::now();
    world.say(1..=10_000).await;
    rate("written into the outbox", began);
    all_of(&probe, 10_000).await;
    rate("from the outbox to the effect", began);
    process.end(&world, &[&probe]).await;
}

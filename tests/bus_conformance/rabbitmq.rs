//! The bus over RabbitMQ: the conformance suite, and failures that only a broker can have.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::eventually;
use harness::rabbitmq::{Node, own_node, shared_amqp_url};
use kernel::events::bus::{EventBus, PublishError, Subscription};
use lapin::options::{BasicPublishOptions, ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use piecework::bus::RabbitMq;
use piecework::config::BrokerAddress;
use tokio::runtime::Builder;

use crate::conforms;
use crate::environment::{BusEnvironment, name_of};
use crate::facts::counted;
use crate::process::Process;
use crate::subscriber::TestSubscriber;

/// The subscribers of this suite.
const SUBSCRIBERS: [&str; 2] = ["first", "second"];

/// Realms to delete from the broker at the end, because the broker may outlive the tests.
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

/// A bus at the broker that other tests use too.
fn shared(realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    let url = shared_amqp_url("a bus over RabbitMQ").unwrap();
    Box::pin(async move {
        REALMS.lock().unwrap().push(realm.clone());
        bus_at(&url, realm)
    })
}

fn bus_at(url: &str, realm: String) -> Arc<dyn EventBus> {
    Arc::new(RabbitMq::start(&BrokerAddress::parse(url).unwrap(), realm, Vec::new()))
}

/// A node that tests may kill and freeze, one test at a time.
pub struct PrivateNode {
    pub node: Node,
    pub turn: tokio::sync::Mutex<()>,
}

pub fn private_node(left_out: &str) -> Option<&'static PrivateNode> {
    static NODE: OnceLock<Option<PrivateNode>> = OnceLock::new();
    let make = || own_node(left_out).map(|node| PrivateNode { node, turn: tokio::sync::Mutex::new(()) });
    NODE.get_or_init(make).as_ref()
}

fn on_private_node(realm: String) -> BoxFuture<'static, Arc<dyn EventBus>> {
    Box::pin(async move { bus_at(&private_node("a bus over RabbitMQ").unwrap().node.url(), realm) })
}

/// A channel to the broker, beside the bus.
async fn channel(url: &str) -> Channel {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    // The connection closes with its last channel.
    connection.create_channel().await.unwrap()
}

/// Deletes the queues and exchanges of a realm.
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

/// Publishes bytes to a queue directly, without the bus.
async fn put(channel: &Channel, queue: String, bytes: &[u8], message_id: &str) {
    let properties = BasicProperties::default().with_delivery_mode(2).with_message_id(message_id.into());
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let put = channel.basic_publish("".into(), queue.into(), options, bytes, properties).await.unwrap();
    put.await.unwrap();
}

/// The numbers of messages and consumers of a queue.
async fn count(channel: &Channel, queue: String) -> Option<(u32, u32)> {
    let options = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = channel.queue_declare(queue.into(), options, Default::default()).await.ok()?;
    Some((queue.message_count(), queue.consumer_count()))
}

/// Waits until exactly the numbers from 1 to `last` have taken effect.
async fn all_of(subscriber: &TestSubscriber, last: i64) {
    subscriber.wait_for(usize::try_from(last).unwrap()).await;
    assert_eq!(subscriber.effects().await, (1..=last).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_and_restarted_loses_and_repeats_no_event() {
    let Some(private) = private_node("a broker that is killed") else { return };
    let _turn = private.turn.lock().await;
    let environment = BusEnvironment::new(on_private_node).await;
    let (first, second) = (environment.subscriber("first").await, environment.subscriber("second").await);
    let process = Process::start_with_relays(&environment, &[&first, &second], 2).await;
    let mut emitted = 0;
    let mut emit = async |count: i64| {
        environment.emit(emitted + 1..=emitted + count).await;
        emitted += count;
    };
    emit(1).await;
    eventually("events are delivered", async || (!first.effects().await.is_empty()).then_some(())).await;
    let realm = name_of(&environment.database);
    for queue in SUBSCRIBERS.iter().flat_map(|name| [format!("{realm}.{name}"), format!("{realm}.dead.{name}")]) {
        eventually("the node has stored its queues", async || private.node.remembers(&queue).then_some(())).await;
    }
    emit(1_999).await;
    eventually("a hundred events are delivered", async || (first.effects().await.len() > 100).then_some(())).await;
    tokio::task::block_in_place(|| private.node.kill());
    eventually("the bus notices the failure", async || (!process.bus.is_connected()).then_some(())).await;
    emit(2_000).await;
    let started = Instant::now();
    let refused = process.bus.publish(Arc::new([counted(1)])).await;
    assert!(matches!(refused, Err(PublishError::OutOfReach(_))), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(1), "without a broker, publishing fails immediately");
    tokio::task::block_in_place(|| private.node.restart());
    let restarted = Instant::now();
    emit(1_000).await;
    for subscriber in [&first, &second] {
        all_of(subscriber, 5_000).await;
    }
    println!("all 5,000 events took effect {:?} after the restart of the broker", restarted.elapsed());
    process.end(&environment, &[&first, &second]).await;
    assert_eq!(first.effects().await.len(), 5_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_is_noticed_and_loses_and_repeats_no_event() {
    let Some(private) = private_node("a frozen broker") else { return };
    let _turn = private.turn.lock().await;
    let environment = BusEnvironment::new(on_private_node).await;
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit(1..=100).await;
    all_of(&subscriber, 100).await;
    private.node.freeze();
    let frozen = Instant::now();
    environment.emit(101..=600).await;
    eventually("the bus notices the frozen broker", async || (!process.bus.is_connected()).then_some(())).await;
    println!("the frozen broker was noticed after {:?}", frozen.elapsed());
    assert!(frozen.elapsed() < Duration::from_secs(35));
    private.node.thaw();
    let thawed = Instant::now();
    all_of(&subscriber, 600).await;
    println!("every event took effect {:?} after the thaw", thawed.elapsed());
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await.len(), 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_starts_without_a_broker_and_uses_it_when_it_starts() {
    let Some(private) = private_node("a broker that starts late") else { return };
    let _turn = private.turn.lock().await;
    tokio::task::block_in_place(|| private.node.kill());
    let environment = BusEnvironment::new(on_private_node).await;
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit(1..=10).await;
    let refused = process.bus.publish(Arc::new([counted(11)])).await;
    assert!(matches!(refused, Err(PublishError::OutOfReach(_))), "{refused:?}");
    assert!(!process.bus.is_connected());
    tokio::task::block_in_place(|| private.node.restart());
    all_of(&subscriber, 10).await;
    process.end(&environment, &[&subscriber]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_decoded_is_parked_and_delays_no_event() {
    let Some(url) = shared_amqp_url("undecodable messages in a queue") else { return };
    let environment = BusEnvironment::new(shared).await;
    let (subscriber, realm) = (environment.subscriber("first").await, name_of(&environment.database));
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit([1]).await;
    subscriber.wait_for(1).await;
    let channel = channel(&url).await;
    let queue = format!("{realm}.first");
    // Each has the id of an event that is published later.
    let messages: [&[u8]; 4] = [b"{\"specversion\": \"1.0\", \"id\":", b"[]", b"\xff\x00\xfe", b""];
    for message in messages {
        put(&channel, queue.clone(), message, &counted(2).id.to_string()).await;
        put(&channel, queue.clone(), message, "again").await;
    }
    environment.emit([2, 3]).await;
    subscriber.wait_for(3).await;
    let all_parked = async || {
        let parked = subscriber.inbox.list_parked(None, 10).await.unwrap();
        (parked.len() == messages.len()).then_some(parked)
    };
    let parked = eventually("all four messages are parked once", all_parked).await;
    let bodies: Vec<&str> = parked.iter().map(|event| event.event.as_str().unwrap()).collect();
    assert!(bodies.contains(&"[]") && bodies.contains(&"") && bodies.contains(&"\u{fffd}\0\u{fffd}"), "{bodies:?}");
    assert!(
        parked.iter().all(|event| event.event_type == "undecodable" && event.last_error.contains("this is no event"))
    );

    // A retry fails and delays no event. An admin can only discard the message.
    for event in &parked {
        assert!(subscriber.inbox.retry_parked(event.event_id).await.unwrap());
    }
    let again = eventually("all four are parked again", all_parked).await;
    assert!(again.iter().all(|event| event.last_error.contains("this is no event")));
    for event in again {
        assert!(subscriber.inbox.discard_parked(event.event_id, "unreadable").await.unwrap());
    }
    assert_eq!(subscriber.effects().await, [1, 2, 3]);
    process.end(&environment, &[&subscriber]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_parked_and_takes_effect_when_an_admin_retries_it() {
    let Some(url) = shared_amqp_url("dead letters") else { return };
    let environment = BusEnvironment::new(shared).await;
    let (subscriber, realm) = (environment.subscriber("first").await, name_of(&environment.database));
    // No process consumes the queue. This consumer returns the message until its delivery limit.
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit([1]).await;
    subscriber.wait_for(1).await;
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
    eventually("the delivery limit is reached", dead).await;
    put(&channel, format!("{realm}.dead.first"), b"not an event", "").await;

    let process = Process::start(&environment, &[&subscriber]).await;
    let both = async || {
        let parked = subscriber.inbox.list_parked(None, 10).await.unwrap();
        (parked.len() == 2).then_some(parked)
    };
    let parked = eventually("both messages are parked", both).await;
    let event = parked.iter().find(|event| event.event_id == counted(2).id.uuid()).unwrap();
    assert!(event.last_error.contains("again and again"), "{}", event.last_error);
    assert_eq!(event.event["data"]["number"], 2);
    assert_eq!(subscriber.effects().await, [1]);
    assert!(subscriber.inbox.retry_parked(event.event_id).await.unwrap());
    subscriber.wait_for(2).await;
    let other = parked.iter().find(|other| other.event_id != event.event_id).unwrap();
    assert!(subscriber.inbox.discard_parked(other.event_id, "unreadable").await.unwrap());
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_deleted_under_its_consumer_is_created_again() {
    let Some(url) = shared_amqp_url("a queue that is deleted") else { return };
    let environment = BusEnvironment::new(shared).await;
    let (subscriber, realm) = (environment.subscriber("first").await, name_of(&environment.database));
    let process = Process::start(&environment, &[&subscriber]).await;
    environment.emit([1]).await;
    subscriber.wait_for(1).await;
    let channel = channel(&url).await;
    channel.queue_delete(format!("{realm}.first").into(), QueueDeleteOptions::default()).await.unwrap();
    environment.emit([2]).await;
    subscriber.wait_for(2).await;
    // The binding alone is deleted: the event is not published until the binding exists again.
    let key = counted(1).kind;
    let queue = format!("{realm}.first");
    let exchange = format!("{realm}.events");
    channel.queue_unbind(queue.into(), exchange.into(), key.into(), Default::default()).await.unwrap();
    environment.emit([3]).await;
    subscriber.wait_for(3).await;
    process.end(&environment, &[&subscriber]).await;
    assert_eq!(subscriber.effects().await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_for_a_service_that_has_not_started_yet() {
    let Some(url) = shared_amqp_url("services that start later") else { return };
    let environment = BusEnvironment::new(shared).await;
    let realm = name_of(&environment.database);
    let subscriber = environment.subscriber("second").await;
    // A process without subscribers, which knows a subscriber of another process.
    let known = Subscription { subscriber: "second", event_types: subscriber.inbox.event_types() };
    let alone = RabbitMq::start(&BrokerAddress::parse(&url).unwrap(), realm.clone(), vec![known]);
    let events: Arc<[Event]> = (1..=300).map(counted).collect();
    alone.publish(Arc::clone(&events)).await.unwrap();
    alone.close().await;
    let channel = channel(&url).await;
    eventually("the events wait in the queue", async || {
        (count(&channel, format!("{realm}.second")).await? == (300, 0)).then_some(())
    })
    .await;

    // The service starts, is killed during delivery, and starts again.
    let process = Process::start_with_relays(&environment, &[&subscriber], 0).await;
    eventually("the first events are applied", async || (!subscriber.effects().await.is_empty()).then_some(())).await;
    process.kill(&environment).await;
    let restarted = environment.subscriber("second").await;
    let process = Process::start_with_relays(&environment, &[&restarted], 0).await;
    all_of(&restarted, 300).await;
    process.end(&environment, &[&restarted]).await;
    eventually("the queue is empty", async || {
        (count(&channel, format!("{realm}.second")).await? == (0, 0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_are_applied_and_their_rate_is_printed() {
    if shared_amqp_url("the rate of the bus over RabbitMQ").is_none() {
        return;
    }
    let environment = BusEnvironment::new(shared).await;
    let subscriber = environment.subscriber("first").await;
    let rate =
        |what: &str, started: Instant| println!("{what}: {:.0} events/s", 10_000.0 / started.elapsed().as_secs_f64());
    // Published without the outbox, while the consumer runs.
    let process = Process::start_with_relays(&environment, &[&subscriber], 0).await;
    let events: Vec<Event> = (1..=10_000).map(counted).collect();
    let started = Instant::now();
    for events in events.chunks(500) {
        process.bus.publish(events.into()).await.unwrap();
    }
    rate("published and confirmed", started);
    subscriber.wait_for(10_000).await;
    rate("published, consumed and applied", started);
    process.end(&environment, &[&subscriber]).await;

    let environment = BusEnvironment::new(shared).await;
    let subscriber = environment.subscriber("first").await;
    let process = Process::start(&environment, &[&subscriber]).await;
    let started = Instant::now();
    environment.emit(1..=10_000).await;
    rate("written into the outbox", started);
    all_of(&subscriber, 10_000).await;
    rate("from the outbox to the effect", started);
    process.end(&environment, &[&subscriber]).await;
}

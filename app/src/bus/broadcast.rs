//! The bus within one process, over tokio's broadcast channel.
//!
//! The channel may drop deliveries (a subscriber lags, the process ends): then an answer is missing, `publish` fails, and the
//! outbox, which has kept the events all along, has them delivered again.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::Event;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::bus::{EventBus, PublishError};
use kernel::inbox::{ApplyError, Inbox};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

/// How many deliveries may wait for the slowest subscriber. Each relay has one on its way, so this is rarely more than a few.
const CAPACITY: usize = 64;

/// What a subscriber says to one delivery.
type Answer = Result<(), PublishError>;

#[derive(Clone)]
struct Delivery {
    events: Arc<[Event]>,
    answer: mpsc::Sender<Answer>,
}

/// The default bus.
pub struct Broadcast {
    state: Mutex<State>,
}

struct State {
    /// None once the bus is closed.
    channel: Option<broadcast::Sender<Delivery>>,
    subscribers: Vec<JoinHandle<()>>,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self::new()
    }
}

impl Broadcast {
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let channel = Some(broadcast::Sender::new(capacity));
        Self { state: Mutex::new(State { channel, subscribers: Vec::new() }) }
    }

    /// Hands the events to everybody; returns how many answers are to come, and where.
    fn send(&self, events: Arc<[Event]>) -> Result<(usize, mpsc::Receiver<Answer>), PublishError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = state.channel.as_ref().ok_or(PublishError::Closed)?;
        // Room for every answer, so that no subscriber ever waits for us to read it.
        let (answer, answers) = mpsc::channel(channel.receiver_count().max(1));
        // An error says that there is no subscriber: then there is nobody to wait for.
        let expected = channel.send(Delivery { events, answer }).unwrap_or_default();
        Ok((expected, answers))
    }
}

impl EventBus for Broadcast {
    fn publish(&self, events: Arc<[Event]>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let (expected, mut answers) = self.send(events)?;
            let mut result = Ok(());
            for _ in 0..expected {
                // None: a subscriber lost the delivery, and with it the last sender.
                let answer = answers.recv().await.unwrap_or(Err(PublishError::NoAnswer));
                // Everybody is waited for, so that a new attempt does not run into the old one.
                result = result.and(answer);
            }
            result
        })
    }

    fn subscribe(&self, inbox: Arc<Inbox>) -> BoxFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let deliveries = state.channel.as_ref().ok_or(PublishError::Closed)?.subscribe();
            let subscriber = inbox.subscriber();
            let handle = move |events: Arc<[Event]>| -> BoxFuture<'static, Result<(), ApplyError>> {
                let inbox = Arc::clone(&inbox);
                Box::pin(async move { inbox.receive(&events).await })
            };
            state.subscribers.push(tokio::spawn(receive(subscriber, deliveries, handle)));
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let subscribers = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.channel = None;
                std::mem::take(&mut state.subscribers)
            };
            for subscriber in subscribers {
                // It ends by itself when the channel is empty; it cannot have panicked.
                let _ended = subscriber.await;
            }
        })
    }
}

/// One subscriber's life: a delivery after the other, until the bus is closed.
async fn receive<Handle>(subscriber: &'static str, mut deliveries: broadcast::Receiver<Delivery>, handle: Handle)
where
    Handle: Fn(Arc<[Event]>) -> BoxFuture<'static, Result<(), ApplyError>>,
{
    loop {
        match deliveries.recv().await {
            // Whoever published has given up waiting and will come again: not twice for nothing.
            Ok(Delivery { answer, .. }) if answer.is_closed() => {}
            Ok(Delivery { events, answer }) => {
                // Whatever is in there: a subscriber whose task died would be missed by nobody.
                let taken = AssertUnwindSafe(async { handle(events).await }).catch_unwind().await;
                let taken = match taken {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(PublishError::NotTaken { subscriber, reason: error.to_string() }),
                    Err(_) => Err(PublishError::NotTaken { subscriber, reason: "it panicked".to_owned() }),
                };
                // Nobody waits any more: then the answer does not matter.
                let _unheard = answer.send(taken).await;
            }
            // The lost deliveries went without an answer, which tells their publishers.
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(subscriber, lost, "a subscriber fell behind; the outbox delivers again");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    type Taken = BoxFuture<'static, Result<(), ApplyError>>;

    fn subscribe(bus: &Broadcast, handle: impl Fn() -> Taken + Send + Sync + 'static) {
        let mut state = bus.state.lock().unwrap();
        let deliveries = state.channel.as_ref().unwrap().subscribe();
        state.subscribers.push(tokio::spawn(receive("tests", deliveries, move |_| handle())));
    }

    fn no_events() -> Arc<[Event]> {
        Arc::new([])
    }

    async fn publish(bus: &Broadcast) -> Answer {
        tokio::time::timeout(PATIENCE, bus.publish(no_events())).await.expect("an answer in time")
    }

    #[tokio::test]
    async fn without_a_subscriber_there_is_nobody_to_wait_for() {
        assert!(publish(&Broadcast::new()).await.is_ok());
    }

    #[tokio::test]
    async fn publish_returns_only_when_every_subscriber_has_answered() {
        let bus = Broadcast::new();
        let done = Arc::new(AtomicUsize::new(0));
        for pause_ms in [0, 50] {
            let done = Arc::clone(&done);
            subscribe(&bus, move || {
                let done = Arc::clone(&done);
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            });
        }
        assert!(publish(&bus).await.is_ok());
        assert_eq!(done.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn one_refusal_makes_the_delivery_fail() {
        let bus = Broadcast::new();
        subscribe(&bus, || Box::pin(async { Ok(()) }));
        subscribe(&bus, || Box::pin(async { Err(ApplyError::Retry("not today".to_owned())) }));
        assert!(matches!(publish(&bus).await, Err(PublishError::NotTaken { subscriber: "tests", .. })));
    }

    #[tokio::test]
    async fn a_subscriber_that_panics_is_there_for_the_next_delivery() {
        let bus = Broadcast::new();
        let calls = Arc::new(AtomicUsize::new(0));
        subscribe(&bus, move || {
            let calls = Arc::clone(&calls);
            Box::pin(async move {
                assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first one panics");
                Ok(())
            })
        });
        assert!(matches!(publish(&bus).await, Err(PublishError::NotTaken { .. })));
        assert!(publish(&bus).await.is_ok());
    }

    #[tokio::test]
    async fn a_lost_delivery_is_told_to_its_publisher_and_the_next_one_arrives() {
        let bus = Arc::new(Broadcast::with_capacity(1));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let opened = Arc::clone(&gate);
        subscribe(&bus, move || {
            let gate = Arc::clone(&opened);
            Box::pin(async move {
                gate.acquire().await.expect("the gate is never closed").forget();
                Ok(())
            })
        });
        // The first is being handled, the second waits in the channel, the third pushes the second out.
        let first = bus.send(no_events()).unwrap();
        tokio::task::yield_now().await;
        let second = bus.send(no_events()).unwrap();
        let third = bus.send(no_events()).unwrap();
        gate.add_permits(2);
        let answer = |(expected, mut answers): (usize, mpsc::Receiver<Answer>)| async move {
            assert_eq!(expected, 1);
            tokio::time::timeout(PATIENCE, answers.recv()).await.expect("an end in time")
        };
        assert!(matches!(answer(first).await, Some(Ok(()))));
        assert!(answer(second).await.is_none(), "nobody answers for the delivery that was pushed out");
        assert!(matches!(answer(third).await, Some(Ok(()))));
    }

    #[tokio::test]
    async fn closing_lets_what_is_under_way_finish_and_takes_no_more() {
        let bus = Arc::new(Broadcast::new());
        subscribe(&bus, || {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(())
            })
        });
        let under_way = bus.send(no_events()).unwrap();
        bus.close().await;
        let (_, mut answers) = under_way;
        assert!(matches!(answers.recv().await, Some(Ok(()))));
        assert!(matches!(publish(&bus).await, Err(PublishError::Closed)));
    }
}

//! The bus within one process, over tokio's broadcast channel.
//!
//! The channel may drop a delivery, because a subscriber lags or the process ends. Then an answer
//! is missing and `publish` fails. The outbox has kept the events, and its relay delivers them
//! again.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::Event;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::events::bus::{EventBus, PublishError};
use kernel::events::inbox::{ApplyError, Inbox};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use kernel::runtime::retry::panic_message;

/// Maximum number of deliveries that wait for the slowest subscriber. Each relay has one on its
/// way, so there are rarely more than a few.
const CAPACITY: usize = 64;

/// A subscriber's answer to one delivery.
type Answer = Result<(), PublishError>;

#[derive(Clone)]
struct Delivery {
    events: Arc<[Event]>,
    answer: mpsc::Sender<Answer>,
}

/// The bus within one process.
pub struct Broadcast {
    state: Mutex<State>,
}

struct State {
    /// `None` once the bus is closed.
    channel: Option<broadcast::Sender<Delivery>>,
    subscribers: Vec<JoinHandle<()>>,
}

impl Default for Broadcast {
    fn default() -> Self {
        Self::new()
    }
}

impl Broadcast {
    /// A bus without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let channel = Some(broadcast::Sender::new(capacity));
        Self { state: Mutex::new(State { channel, subscribers: Vec::new() }) }
    }

    /// Sends the events to every subscriber. Returns the number of answers to expect, and their
    /// channel.
    fn send(&self, events: Arc<[Event]>) -> Result<(usize, mpsc::Receiver<Answer>), PublishError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = state.channel.as_ref().ok_or(PublishError::Closed)?;
        // There is room for every answer, so that no subscriber waits until it is read.
        let (answer, answers) = mpsc::channel(channel.receiver_count().max(1));
        // An error means that there is no subscriber, so no answer is expected.
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
                // `None` if a subscriber has lost the delivery, and with it the last sender.
                let answer = answers.recv().await.unwrap_or(Err(PublishError::NoAnswer));
                // After a refusal the other answers are awaited too, so that the next attempt does
                // not overlap with this one.
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
                // The task ends when the channel is empty. It cannot have panicked.
                let _ended = subscriber.await;
            }
        })
    }
}

/// Handles one delivery after the other, until the bus is closed.
async fn receive<Handle>(subscriber: &'static str, mut deliveries: broadcast::Receiver<Delivery>, handle: Handle)
where
    Handle: Fn(Arc<[Event]>) -> BoxFuture<'static, Result<(), ApplyError>>,
{
    loop {
        match deliveries.recv().await {
            // The publisher no longer waits and will publish again.
            Ok(Delivery { answer, .. }) if answer.is_closed() => {}
            Ok(Delivery { events, answer }) => {
                // A panic must not end the task, because no other code would notice that.
                let taken = AssertUnwindSafe(async { handle(events).await }).catch_unwind().await;
                let taken = match taken {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(PublishError::NotTaken { subscriber, reason: error.to_string() }),
                    Err(panic) => {
                        let reason = format!("panicked: {}", panic_message(&*panic));
                        Err(PublishError::NotTaken { subscriber, reason })
                    }
                };
                // This fails if the publisher no longer waits. Then the answer does not matter.
                let _not_awaited = answer.send(taken).await;
            }
            // The lost deliveries have no answers, so their publishers fail and try again.
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(
                    subscriber,
                    lost,
                    "a subscriber fell behind and lost deliveries; the outboxes deliver them again"
                );
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
    async fn a_publish_without_a_subscriber_succeeds_at_once() {
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
    async fn a_delivery_that_one_subscriber_refuses_fails() {
        let bus = Broadcast::new();
        subscribe(&bus, || Box::pin(async { Ok(()) }));
        subscribe(&bus, || Box::pin(async { Err(ApplyError::Retry("not today".to_owned())) }));
        assert!(matches!(publish(&bus).await, Err(PublishError::NotTaken { subscriber: "tests", .. })));
    }

    #[tokio::test]
    async fn a_subscriber_that_panics_gets_the_next_delivery() {
        let bus = Broadcast::new();
        let calls = Arc::new(AtomicUsize::new(0));
        subscribe(&bus, move || {
            let calls = Arc::clone(&calls);
            Box::pin(async move {
                assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics");
                Ok(())
            })
        });
        assert!(matches!(publish(&bus).await, Err(PublishError::NotTaken { .. })));
        assert!(publish(&bus).await.is_ok());
    }

    #[tokio::test]
    async fn a_lost_delivery_fails_at_its_publisher_and_the_next_one_arrives() {
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
        // The first delivery is being handled, the second waits, and the third pushes the second
        // out.
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
        assert!(answer(second).await.is_none(), "no answer comes for the delivery that was pushed out");
        assert!(matches!(answer(third).await, Some(Ok(()))));
    }

    #[tokio::test]
    async fn a_bus_that_closes_finishes_its_deliveries_and_takes_no_more() {
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

//! When a worker asks its queue for wake-ups.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::Notify;
use tokio::time;

/// How often a worker asks its queue although it was not woken: for wake-ups of a process that was
/// killed. Every other process has a worker of its own.
const INTERVAL: Duration = Duration::from_secs(10);
/// When a worker asks again after a notification. apalis drops a notification that comes while it
/// asks, and its answer may be from before the push.
const REPOLL_DELAYS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(50)];

/// Asks at every notification, then after each of the repoll delays, then regularly.
pub struct NotifiedPoll(BoxStream<'static, ()>);

impl NotifiedPoll {
    /// The poll is woken by a notification of `wake`.
    pub fn new(wake: Arc<Notify>) -> Self {
        let next = |(wake, repoll): (Arc<Notify>, usize)| async move {
            let delay = REPOLL_DELAYS.get(repoll).copied().unwrap_or(INTERVAL);
            let repoll = tokio::select! {
                () = wake.notified() => 0,
                () = time::sleep(delay) => repoll.saturating_add(1),
            };
            Some(((), (wake, repoll)))
        };
        Self(stream::unfold((wake, 0), next).boxed())
    }
}

impl PollStrategy for NotifiedPoll {
    /// Drives the stream until it is pending. apalis' own strategies stop at the first item and
    /// leave no waker in the stream: if the database then answers at once, the next notification
    /// has no effect.
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        while self.0.poll_next_unpin(context).is_ready() {}
        Poll::Pending
    }
}

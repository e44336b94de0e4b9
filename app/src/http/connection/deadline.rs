//! A deadline that is started and stopped while a stream is polled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep};

/// A deadline; stopped at first.
#[derive(Default)]
pub struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Starts the deadline, unless it is running.
    pub fn start(&mut self, at: impl FnOnce() -> Instant) {
        if self.0.is_none() {
            self.0 = Some(Box::pin(tokio::time::sleep_until(at())));
        }
    }

    /// Stops the deadline.
    pub fn stop(&mut self) {
        self.0 = None;
    }

    /// Whether the deadline has passed. If it is running, the task is woken when it passes.
    pub fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        self.0.as_mut().is_some_and(|sleep| matches!(sleep.as_mut().poll(context), Poll::Ready(())))
    }
}

//! The signal that ends all background work.

use std::future::Future;

use tokio::sync::watch;

/// Triggers the shutdown.
#[derive(Clone)]
pub struct Shutdown(watch::Sender<bool>);

/// Tells background work that it must end.
#[derive(Clone)]
pub struct ShutdownSignal(watch::Receiver<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// Ends all work that holds a signal. A second call changes nothing.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    #[must_use]
    pub fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.subscribe())
    }
}

impl ShutdownSignal {
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the shutdown was triggered or its `Shutdown` was dropped.
    pub async fn triggered(&mut self) {
        // An error means that the sender was dropped, which is a shutdown too.
        let _gone = self.0.wait_for(|triggered| *triggered).await;
    }

    /// The result of the work; none if the shutdown came first and the work was dropped.
    pub async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.triggered() => None,
            result = work => Some(result),
        }
    }
}

//! One signal that ends everything which runs in the background.

use std::future::Future;

use tokio::sync::watch;

/// Held by whoever may end the program.
#[derive(Clone)]
pub struct Shutdown(watch::Sender<bool>);

/// Held by whatever must end.
#[derive(Clone)]
pub struct ShutdownSignal(watch::Receiver<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// Ends all who hold a signal; calling it twice changes nothing.
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

    /// Returns once the shutdown was triggered, or its holder is gone.
    pub async fn triggered(&mut self) {
        // An error means that the sender is gone, which is an end as well.
        let _gone = self.0.wait_for(|triggered| *triggered).await;
    }

    /// The work's result, or `None` if the shutdown came first and the work was dropped.
    pub async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.triggered() => None,
            result = work => Some(result),
        }
    }
}

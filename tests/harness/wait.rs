//! Waiting for background work: for a condition with a deadline, never for a fixed time.

use std::time::Duration;

/// Maximum time for a condition to become true.
const DEADLINE: Duration = Duration::from_secs(60);
/// Time between two checks of the condition.
const PAUSE: Duration = Duration::from_millis(10);

/// Calls `check` until it returns a value. Panics with the text `what` after one minute.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        let mut pauses = tokio::time::interval(PAUSE);
        loop {
            pauses.tick().await;
            if let Some(found) = check().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("not true after one minute: {what}"))
}

//! A request to the broker that failed, and the deadline of every request.

use std::fmt::{self, Display};
use std::future::Future;
use std::time::Duration;

use kernel::runtime::retry::Backoff;

/// How long the broker may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after the first failure of a connection, a consumer or the consumer's database.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause between two attempts.
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// Why the broker did not do something.
#[derive(Debug, Clone)]
pub struct Failure {
    doing: &'static str,
    reason: String,
}

impl Failure {
    /// `doing` is what failed, such as "connecting".
    pub fn new(doing: &'static str, reason: impl Display) -> Self {
        Self { doing, reason: reason.to_string() }
    }

    /// A failure that lapin reports.
    pub fn from_broker(doing: &'static str, error: &lapin::Error) -> Self {
        Self::new(doing, error)
    }

    /// The broker has not answered at the deadline.
    pub fn timeout(doing: &'static str) -> Self {
        Self::new(doing, "no answer in time")
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.reason)
    }
}

/// Waits for the broker's answer until a deadline, because a frozen broker never answers.
pub async fn within<T>(doing: &'static str, work: impl Future<Output = lapin::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| Failure::from_broker(doing, &error)),
        Err(_) => Err(Failure::timeout(doing)),
    }
}

/// The pauses between attempts.
pub fn backoff() -> Backoff {
    Backoff::new(PAUSE_FIRST, PAUSE_LONGEST)
}

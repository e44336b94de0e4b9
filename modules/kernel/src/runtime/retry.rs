//! Pauses between attempts that grow with each failure, how far ahead the end of a pause may be
//! stored, and the text of a panic.

use std::any::Any;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// How far apart the clocks of two processes may be.
const CLOCK_DIFFERENCE_MAX: TimeDelta = TimeDelta::minutes(5);

/// The latest end of a pause that can be stored at `now`, if no pause is longer than `longest`. A
/// later one was stored by a clock that was ahead, and is not waited for (decision 18).
#[must_use]
pub fn latest_end(now: DateTime<Utc>, longest: TimeDelta) -> DateTime<Utc> {
    let longest = longest.checked_add(&CLOCK_DIFFERENCE_MAX).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(longest).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The pauses after failures in a row. The first one is `first_pause`, each further one is twice as
/// long, and none is longer than `longest_pause`.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    first_pause: Duration,
    longest_pause: Duration,
    failures: u32,
}

impl Backoff {
    #[must_use]
    pub const fn new(first_pause: Duration, longest_pause: Duration) -> Self {
        Self { first_pause, longest_pause, failures: 0 }
    }

    /// The pause after this number of failures in a row, for a caller that counts them itself.
    #[must_use]
    pub fn pause_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause)
    }

    /// Counts a failure and returns the pause after it.
    pub fn next_pause(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.pause_after(self.failures)
    }

    /// Begins again after a success.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// The number of failures since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// The text of a panic that was caught.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let pauses: Vec<u128> = (0..6).map(|_| backoff.next_pause().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000, 1_000]);
        backoff.reset();
        assert_eq!((backoff.failures(), backoff.next_pause()), (0, Duration::from_millis(100)));
        assert_eq!(backoff.pause_after(u32::MAX), Duration::from_secs(1));
    }

    #[test]
    fn a_panic_has_its_text() {
        let text = |panic: Box<dyn Any + Send>| panic_message(&*panic).to_owned();
        assert_eq!(text(Box::new("a literal")), "a literal");
        assert_eq!(text(Box::new("a string".to_owned())), "a string");
        assert_eq!(text(Box::new(1)), "a panic without a text");
    }
}

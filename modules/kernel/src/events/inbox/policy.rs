//! How often and how long an event that could not be applied is retried.

use std::num::NonZeroU16;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::runtime::retry::{Backoff, latest_end};

/// The settings of an inbox. With the defaults, the retries of an event last about an hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// An event is parked after this number of failed attempts.
    pub max_attempts: u32,
    /// The pause after the first failed attempt. It doubles with each further one.
    pub first_pause_ms: u64,
    /// Maximum length of a pause.
    pub longest_pause_ms: u64,
    /// Time within which one batch must be applied.
    pub apply_timeout_ms: u64,
    /// Number of days for which the inbox remembers that an event was applied. An event that is
    /// delivered again later is applied again, which the unique keys of each subscriber make
    /// harmless.
    pub remember_days: NonZeroU16,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 15,
            first_pause_ms: 1_000,
            longest_pause_ms: 600_000,
            apply_timeout_ms: 40_000,
            remember_days: NonZeroU16::new(30).unwrap_or(NonZeroU16::MIN),
        }
    }
}

impl RetryPolicy {
    pub(super) const fn apply_timeout(&self) -> Duration {
        Duration::from_millis(self.apply_timeout_ms)
    }

    /// Whether an event that has failed this number of times is parked.
    pub(super) fn is_last_attempt(&self, attempts: i32) -> bool {
        u32::try_from(attempts).is_ok_and(|attempts| attempts >= self.max_attempts)
    }

    /// The pause after this number of failed attempts.
    pub(super) fn pause_after(&self, attempts: i32) -> chrono::Duration {
        let (first, longest) = (self.first_pause_ms, self.longest_pause_ms);
        let backoff = Backoff::new(Duration::from_millis(first), Duration::from_millis(longest));
        let pause = backoff.pause_after(u32::try_from(attempts).unwrap_or_default());
        chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX)
    }

    /// The latest next attempt that this policy can have set by `now`.
    pub(super) fn latest_attempt_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let longest = chrono::Duration::from_std(Duration::from_millis(self.longest_pause_ms));
        latest_end(now, longest.unwrap_or(chrono::Duration::MAX))
    }
}

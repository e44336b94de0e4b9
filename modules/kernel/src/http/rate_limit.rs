//! Rate limits: buckets that are refilled evenly, and how a response shows their state (the header
//! fields of draft-ietf-httpapi-ratelimit-headers-10).
//!
//! A bucket is one time: when it is full again (the generic cell rate algorithm). Taking from it
//! moves that time into the future, at most by the window of its policy.

use std::fmt;

use chrono::{DateTime, Duration, Utc};

/// How often something may be done: `quota` times at once, and `quota` times in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePolicy {
    /// The name that clients see.
    pub name: &'static str,
    /// The size of a full bucket; at least 1.
    pub quota: u32,
    /// The time in which an empty bucket is filled, in seconds; 0 if only the end of running work
    /// refills it.
    pub window_s: u32,
}

/// What remains of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The policy of the bucket.
    pub policy: RatePolicy,
    /// How often the same may be done now.
    pub remaining: u32,
    /// Time until the bucket is full, in seconds.
    pub reset_s: u32,
}

/// A request that is refused, because a bucket does not contain enough for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What remains of the bucket.
    pub limit: RateLimit,
    /// Time after which the same request is admitted, in seconds.
    pub retry_after_s: u32,
}

impl RatePolicy {
    /// The time in which one unit is refilled.
    #[must_use]
    pub fn refill_time(&self) -> Duration {
        Duration::microseconds(i64::from(self.window_s) * 1_000_000 / i64::from(self.quota.max(1)))
    }

    /// The time in which an empty bucket is filled.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.refill_time() * i32::try_from(self.quota).unwrap_or(i32::MAX)
    }

    /// Takes `cost` from a bucket that is full at `full_at`, and returns when it is full then. A
    /// cost above the quota needs a full bucket and leaves a debt, which has to be refilled first.
    ///
    /// # Errors
    /// The bucket does not contain enough.
    pub fn take(&self, full_at: DateTime<Utc>, now: DateTime<Utc>, cost: u32) -> Result<DateTime<Utc>, Exceeded> {
        let full_at = full_at.max(now);
        let time_for = |units: u32| self.refill_time() * i32::try_from(units).unwrap_or(i32::MAX);
        let wait = full_at + time_for(cost.min(self.quota)) - (now + self.window());
        if wait > Duration::zero() {
            return Err(self.exceeded(full_at, now, wait));
        }
        Ok(full_at + time_for(cost))
    }

    /// The refusal of a request that would be admitted after `wait`.
    #[must_use]
    pub fn exceeded(&self, full_at: DateTime<Utc>, now: DateTime<Utc>, wait: Duration) -> Exceeded {
        Exceeded { limit: self.state(full_at, now), retry_after_s: seconds_up(wait).max(1) }
    }

    /// What remains of a bucket that is full at `full_at`.
    #[must_use]
    pub fn state(&self, full_at: DateTime<Utc>, now: DateTime<Utc>) -> RateLimit {
        let missing = (full_at - now).max(Duration::zero());
        let refill_us = self.refill_time().num_microseconds().unwrap_or(i64::MAX).max(1);
        let missing_us = missing.num_microseconds().unwrap_or(i64::MAX);
        let used = u32::try_from(missing_us.saturating_add(refill_us - 1) / refill_us).unwrap_or(u32::MAX);
        RateLimit { policy: *self, remaining: self.quota.saturating_sub(used), reset_s: seconds_up(missing) }
    }
}

/// Whole seconds, rounded up.
fn seconds_up(time: Duration) -> u32 {
    let millis = time.num_milliseconds().max(0);
    u32::try_from(millis.saturating_add(999) / 1_000).unwrap_or(u32::MAX)
}

/// An item of the header field `RateLimit-Policy`.
impl fmt::Display for RatePolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, quota, window_s } = self;
        match window_s {
            0 => write!(formatter, "\"{name}\";q={quota};qu=\"concurrent-requests\""),
            _ => write!(formatter, "\"{name}\";q={quota};w={window_s}"),
        }
    }
}

/// An item of the header field `RateLimit`.
impl fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, remaining, reset_s } = self;
        match policy.window_s {
            0 => write!(formatter, "\"{}\";r={remaining}", policy.name),
            _ => write!(formatter, "\"{}\";r={remaining};t={reset_s}", policy.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RatePolicy = RatePolicy { name: "commands", quota: 6, window_s: 60 };

    #[test]
    fn the_header_fields_are_structured_fields() {
        let state = POLICY.state(DateTime::UNIX_EPOCH + Duration::milliseconds(10_001), DateTime::UNIX_EPOCH);
        assert_eq!(POLICY.to_string(), "\"commands\";q=6;w=60");
        assert_eq!(state.to_string(), "\"commands\";r=4;t=11");
        let concurrent = RatePolicy { name: "event_streams", quota: 2, window_s: 0 };
        assert_eq!(concurrent.to_string(), "\"event_streams\";q=2;qu=\"concurrent-requests\"");
        let state = RateLimit { policy: concurrent, remaining: 1, reset_s: 0 };
        assert_eq!(state.to_string(), "\"event_streams\";r=1");
    }
}

//! How often each person may do something: buckets in the memory of this process, and the answer to
//! a request beyond a limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::PersonId;

use super::context::RequestContext;
use super::rate_limit::{Exceeded, RateLimit, RatePolicy};
use crate::runtime::retry::latest_end;
use crate::{Ambient, Problem};

impl From<Exceeded> for Problem {
    /// 429. The response also has the state of the limit, which is noted in the request's context.
    fn from(exceeded: Exceeded) -> Self {
        let Exceeded { limit: RateLimit { policy: RatePolicy { name, quota, window_s }, .. }, retry_after_s } =
            exceeded;
        if let Some(context) = RequestContext::current() {
            context.note_rate_limit(exceeded.limit);
        }
        let detail = match window_s {
            0 => format!("the limit \"{name}\" allows {quota} at the same time"),
            _ => format!("the limit \"{name}\" of {quota} in {window_s} seconds is used up"),
        };
        Self::new(429, "rate_limited", detail).with_retry_after(retry_after_s)
    }
}

/// The buckets of people for several policies, in the memory of this process.
pub struct PersonLimits {
    limiters: Vec<Limiter>,
    ambient: Ambient,
}

/// The buckets of one policy.
struct Limiter {
    policy: RatePolicy,
    buckets: Mutex<Buckets>,
}

/// When the bucket of each person is full. A person without an entry has a full one.
struct Buckets {
    full_at: HashMap<PersonId, DateTime<Utc>>,
    pruned_at: DateTime<Utc>,
}

impl PersonLimits {
    /// Full buckets.
    #[must_use]
    pub fn new(policies: Vec<RatePolicy>, ambient: Ambient) -> Self {
        let empty = || Mutex::new(Buckets { full_at: HashMap::new(), pruned_at: ambient.now() });
        let limiters = policies.into_iter().map(|policy| Limiter { policy, buckets: empty() }).collect();
        Self { limiters, ambient }
    }

    /// Takes `cost` from the bucket of a person, and notes its state in the request's context. A
    /// policy that does not exist limits nothing.
    ///
    /// # Errors
    /// The bucket does not contain enough.
    pub fn take(&self, policy: &str, person_id: PersonId, cost: u32) -> Result<(), Exceeded> {
        let Some(limiter) = self.limiters.iter().find(|limiter| limiter.policy.name == policy) else { return Ok(()) };
        let state = limiter.take(person_id, self.ambient.now(), cost)?;
        if let Some(context) = RequestContext::current() {
            context.note_rate_limit(state);
        }
        Ok(())
    }
}

impl Limiter {
    fn take(&self, person_id: PersonId, now: DateTime<Utc>, cost: u32) -> Result<RateLimit, Exceeded> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was ahead has left times that no bucket reaches in its window.
        if latest_end(now, TimeDelta::zero()) < buckets.pruned_at {
            *buckets = Buckets { full_at: HashMap::new(), pruned_at: now };
        }
        if now - buckets.pruned_at > self.policy.window() {
            buckets.full_at.retain(|_, full_at| *full_at > now);
            buckets.pruned_at = now;
        }
        let full_at = buckets.full_at.entry(person_id).or_insert(now);
        *full_at = self.policy.take(*full_at, now, cost)?;
        Ok(self.policy.state(*full_at, now))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    const POLICY: RatePolicy = RatePolicy { name: "commands", quota: 6, window_s: 60 };

    fn limits() -> (PersonLimits, Ambient, PersonId) {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        (PersonLimits::new(vec![POLICY], ambient.clone()), ambient.clone(), ambient.new_id())
    }

    #[test]
    fn a_full_bucket_admits_the_quota_and_is_refilled_evenly() {
        let (limits, ambient, person) = limits();
        for _ in 0..6 {
            assert_eq!(limits.take("commands", person, 1), Ok(()));
        }
        let exceeded = limits.take("commands", person, 1).unwrap_err();
        assert_eq!((exceeded.limit.remaining, exceeded.limit.reset_s, exceeded.retry_after_s), (0, 60, 10));
        assert_eq!(limits.take("commands", ambient.new_id(), 1), Ok(()), "another person has another bucket");
        ambient.advance(Duration::seconds(10));
        assert_eq!(limits.take("commands", person, 1), Ok(()));
        assert_eq!(limits.take("commands", person, 2).unwrap_err().retry_after_s, 20);
        ambient.advance(Duration::seconds(600));
        assert_eq!(limits.take("commands", person, 6), Ok(()), "a bucket contains no more than the quota");
        assert!(limits.take("commands", person, 1).is_err());
    }

    #[test]
    fn a_cost_above_the_quota_needs_a_full_bucket_and_leaves_a_debt() {
        let (limits, ambient, person) = limits();
        assert_eq!(limits.take("commands", person, 12), Ok(()));
        assert_eq!(limits.take("commands", person, 1).unwrap_err().retry_after_s, 70);
        ambient.advance(Duration::seconds(70));
        assert_eq!(limits.take("commands", person, 1), Ok(()));
        assert!(limits.take("commands", person, 12).is_err());
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_nobody_out() {
        let (limits, ambient, person) = limits();
        let true_time = ambient.now();
        ambient.advance(Duration::days(300));
        assert_eq!(limits.take("commands", person, 6), Ok(()));
        ambient.set(true_time);
        assert_eq!(limits.take("commands", person, 6), Ok(()));
        assert_eq!(limits.take("commands", person, 1).unwrap_err().retry_after_s, 10);
    }

    #[test]
    fn a_policy_that_does_not_exist_limits_nothing() {
        let (limits, _, person) = limits();
        assert!((0..100).all(|_| limits.take("other", person, 100).is_ok()));
    }

    #[test]
    fn buckets_that_are_full_take_no_memory() {
        let (limits, ambient, _) = limits();
        for _ in 0..100 {
            assert_eq!(limits.take("commands", ambient.new_id(), 1), Ok(()));
        }
        ambient.advance(Duration::seconds(61));
        assert_eq!(limits.take("commands", ambient.new_id(), 1), Ok(()));
        assert_eq!(limits.limiters[0].buckets.lock().unwrap().full_at.len(), 1);
    }
}

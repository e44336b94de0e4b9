//! The limits of one process for each person. They are in memory, because a statement for each
//! command would cost more than the command (decision 48).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::PersonId;
use kernel::Ambient;
use kernel::http::PersonLimits;
use kernel::http::context::RequestContext;
use kernel::http::rate_limit::{Exceeded, RateLimit, RatePolicy};
use tasks::CREATED_TASKS;

use crate::config;

/// The name of the limit of requests that may change something.
pub const COMMANDS: &str = "commands";
/// The time for which these limits are set, in seconds.
const WINDOW_S: u32 = 60;
/// When a person with too many event streams may try again, in seconds.
const STREAM_RETRY_AFTER_S: u32 = 5;

/// The limits of this process.
pub struct RequestLimits {
    /// What each person may do in a minute.
    pub people: Arc<PersonLimits>,
    /// Event streams.
    pub event_streams: EventStreams,
}

impl RequestLimits {
    /// The limits of the settings. A limit of 0 does not exist.
    #[must_use]
    pub fn new(settings: config::Limits, ambient: Ambient) -> Self {
        let policies = [
            (COMMANDS, settings.commands_per_person_per_minute),
            (CREATED_TASKS, settings.created_tasks_per_person_per_minute),
        ];
        let policies = policies.into_iter().filter(|(_, quota)| *quota > 0);
        let policies = policies.map(|(name, quota)| RatePolicy { name, quota, window_s: WINDOW_S }).collect();
        Self {
            people: Arc::new(PersonLimits::new(policies, ambient)),
            event_streams: EventStreams::new(settings.event_streams_per_person),
        }
    }
}

/// The event streams that are open in this process.
pub struct EventStreams {
    policy: RatePolicy,
    open: Arc<Mutex<HashMap<PersonId, u32>>>,
}

/// One open event stream of a person.
pub struct Slot {
    person_id: PersonId,
    open: Arc<Mutex<HashMap<PersonId, u32>>>,
}

impl EventStreams {
    fn new(limit: u32) -> Self {
        Self { policy: RatePolicy { name: "event_streams", quota: limit, window_s: 0 }, open: Arc::default() }
    }

    /// A slot for another stream of the person. `None`: there is no limit.
    ///
    /// # Errors
    /// The person has as many streams as they may have.
    pub fn take(&self, person_id: PersonId) -> Result<Option<Slot>, Exceeded> {
        if self.policy.quota == 0 {
            return Ok(None);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(person_id).or_default();
        let remaining = self.policy.quota.saturating_sub(*count);
        let limit = RateLimit { policy: self.policy, remaining: remaining.saturating_sub(1), reset_s: 0 };
        if remaining == 0 {
            return Err(Exceeded { limit, retry_after_s: STREAM_RETRY_AFTER_S });
        }
        *count += 1;
        if let Some(context) = RequestContext::current() {
            context.note_rate_limit(limit);
        }
        Ok(Some(Slot { person_id, open: Arc::clone(&self.open) }))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.person_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.person_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_at_most_as_many_streams_as_the_limit_and_a_stream_that_ends_frees_its_slot() {
        let (streams, ambient) = (EventStreams::new(2), Ambient::system());
        let (person, other) = (ambient.new_id(), ambient.new_id());
        let first = streams.take(person).unwrap();
        let second = streams.take(person).unwrap();
        let refused = streams.take(person).map(drop).unwrap_err();
        assert_eq!((refused.limit.remaining, refused.retry_after_s), (0, STREAM_RETRY_AFTER_S));
        assert!(streams.take(other).unwrap().is_some());
        drop(first);
        drop(streams.take(person).unwrap());
        drop(second);
        assert!(streams.open.lock().unwrap().is_empty());
    }

    #[test]
    fn no_limit_counts_nothing() {
        let person = Ambient::system().new_id();
        assert!((0..100).all(|_| EventStreams::new(0).take(person).is_ok_and(|slot| slot.is_none())));
    }
}

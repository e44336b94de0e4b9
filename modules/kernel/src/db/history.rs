//! Where the primary's log was when: from it follow a replica's lag and as of when its answers are true.
//!
//! A replica's own clock readings are no measure: the time of its last replayed transaction stands still while the primary idles.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Lsn;

/// What was committed before a moment stands in the log before this position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub taken: Instant,
    pub at: DateTime<Utc>,
    pub position: Lsn,
}

/// Samples of at least `kept`, in order.
#[derive(Debug)]
pub(super) struct History {
    kept: Duration,
    samples: VecDeque<Sample>,
}

impl History {
    pub const fn new(kept: Duration) -> Self {
        Self { kept, samples: VecDeque::new() }
    }

    pub fn add(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        // One beyond the horizon stays, so that the lag of a replica can exceed it.
        while self.samples.get(1).is_some_and(|second| sample.taken.duration_since(second.taken) > self.kept) {
            self.samples.pop_front();
        }
    }

    /// How long a replica that has replayed up to `position` has been missing what comes next, when the primary was last asked.
    pub fn lag(&self, position: Lsn) -> Duration {
        let missing = self.samples.iter().find(|sample| sample.position > position);
        let last = self.samples.back();
        missing.zip(last).map_or(Duration::ZERO, |(missing, last)| last.taken.duration_since(missing.taken))
    }

    /// The latest moment up to which everything is in the log before `position`.
    pub fn as_of(&self, position: Lsn) -> Option<DateTime<Utc>> {
        self.samples.iter().rev().find(|sample| sample.position <= position).map(|sample| sample.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lsn(low: u32) -> Lsn {
        format!("0/{low:X}").parse().unwrap()
    }

    fn second(number: u32) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::from_secs(u64::from(number))
    }

    fn history(positions: &[u32]) -> History {
        let (mut history, start) = (History::new(Duration::from_secs(5)), Instant::now());
        for (number, position) in (0_u32..).zip(positions) {
            let taken = start + Duration::from_secs(u64::from(number));
            history.add(Sample { taken, at: second(number), position: lsn(*position) });
        }
        history
    }

    #[test]
    fn a_replica_lags_since_what_it_misses_was_there() {
        let history = history(&[10, 20, 20, 30]);
        assert_eq!(history.lag(lsn(30)), Duration::ZERO);
        assert_eq!(history.lag(lsn(25)), Duration::ZERO);
        assert_eq!(history.lag(lsn(15)), Duration::from_secs(2));
        assert_eq!(history.as_of(lsn(20)), Some(second(2)));
        assert_eq!(history.as_of(lsn(9)), None);
    }

    #[test]
    fn an_idle_primary_makes_no_lag() {
        assert_eq!(history(&[10; 60]).lag(lsn(10)), Duration::ZERO);
    }

    #[test]
    fn the_lag_can_exceed_what_is_kept() {
        let positions: Vec<u32> = (1..100).collect();
        let history = history(&positions);
        assert!(history.lag(lsn(0)) > Duration::from_secs(5));
        assert!(history.samples.len() < 10);
    }
}

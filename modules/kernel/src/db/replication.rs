//! The recent positions of a primary's log, from which the lag of a replica is calculated.
//!
//! The time of the transaction that a replica replayed last is no measure of its lag: it does not
//! advance while the primary is idle.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::position::Lsn;

/// The position of a primary's log at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// The moment by the monotonic clock, from which a lag is measured.
    pub taken: Instant,
    /// The same moment by the wall clock.
    pub at: DateTime<Utc>,
    /// Everything that was committed before the moment is in the log before this position.
    pub position: Lsn,
}

/// The samples of the last `window` at least, oldest first.
#[derive(Debug)]
pub(super) struct History {
    window: Duration,
    samples: VecDeque<Sample>,
}

impl History {
    pub const fn new(window: Duration) -> Self {
        Self { window, samples: VecDeque::new() }
    }

    pub fn add(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        // One sample older than the window stays, so that a calculated lag can exceed the window.
        while self.samples.get(1).is_some_and(|second| sample.taken.duration_since(second.taken) > self.window) {
            self.samples.pop_front();
        }
    }

    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// The lag of a replica that has replayed up to `position`: the time between the first sample
    /// beyond that position and the last sample.
    pub fn lag(&self, position: Lsn) -> Duration {
        let missing = self.samples.iter().find(|sample| sample.position > position);
        let last = self.samples.back();
        missing.zip(last).map_or(Duration::ZERO, |(missing, last)| last.taken.duration_since(missing.taken))
    }

    /// The latest moment of which everything that was committed before it is in the log before
    /// `position`.
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
    fn the_lag_is_the_age_of_the_first_missing_position() {
        let history = history(&[10, 20, 20, 30]);
        assert_eq!(history.lag(lsn(30)), Duration::ZERO);
        assert_eq!(history.lag(lsn(25)), Duration::ZERO);
        assert_eq!(history.lag(lsn(15)), Duration::from_secs(2));
        assert_eq!(history.as_of(lsn(20)), Some(second(2)));
        assert_eq!(history.as_of(lsn(9)), None);
    }

    #[test]
    fn an_idle_primary_causes_no_lag() {
        assert_eq!(history(&[10; 60]).lag(lsn(10)), Duration::ZERO);
    }

    #[test]
    fn the_lag_can_exceed_the_window() {
        let positions: Vec<u32> = (1..100).collect();
        let history = history(&positions);
        assert!(history.lag(lsn(0)) > Duration::from_secs(5));
        assert!(history.samples.len() < 10);
    }
}

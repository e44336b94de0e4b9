//! Slows a reassign run down while users are active, because draws and charges compete with their
//! requests for every core and the disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::events::relay;
use kernel::{DbError, WritePool};
use tokio::time::Instant;

use crate::store;

/// Maximum time a run waits for the delivery of its events before it continues without it.
const DELIVERY_WAIT_MAX: Duration = Duration::from_secs(1);
/// Users are active for this time after a command.
const ACTIVITY_WINDOW: Duration = Duration::from_secs(2);
/// Number of chunks whose events may be undelivered while no user is active.
const CHUNKS_AHEAD_MAX: i64 = 10;
/// The pause after a chunk while users are active, as a multiple of the time that the chunk and the
/// delivery of its events took.
const PAUSE_FACTOR: u32 = 3;
/// Maximum pause. A chunk that took longer than this allows waited for something, and so used
/// little of the machine.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Recent activity of users in any process, known from the sequence that numbers creations,
/// completions and runs. Clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throttle {
    /// The newest number that was read.
    last: Arc<Mutex<Option<LastCommand>>>,
}

#[derive(Debug, Clone, Copy)]
struct LastCommand {
    order: i64,
    first_seen_at: Instant,
}

impl Throttle {
    /// Waits until a run may assign its next chunk of `chunk_size` tasks; the last one began at
    /// `chunk_began`. On a broker, events count as delivered when the broker has them, because the
    /// subscribers may run on other machines.
    pub(crate) async fn wait_for_next_chunk(
        &self,
        write: &WritePool,
        chunk_size: i64,
        chunk_began: Instant,
    ) -> Result<(), DbError> {
        let order = store::load_last_order(&mut *write.acquire().await?).await?;
        let is_active = self.note_order(order, Instant::now());
        let chunks_ahead = if is_active { 1 } else { CHUNKS_AHEAD_MAX };
        relay::wait_for_delivery(write, chunks_ahead * chunk_size, DELIVERY_WAIT_MAX).await?;
        if is_active {
            tokio::time::sleep(pause_after(chunk_began.elapsed())).await;
        }
        Ok(())
    }

    /// Notes the newest number; whether it has changed within the activity window.
    fn note_order(&self, order: i64, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let first_seen_at = last.filter(|last| last.order == order).map_or(now, |last| last.first_seen_at);
        *last = Some(LastCommand { order, first_seen_at });
        now.duration_since(first_seen_at) < ACTIVITY_WINDOW
    }
}

/// The pause after a chunk that took `elapsed`.
fn pause_after(elapsed: Duration) -> Duration {
    elapsed.saturating_mul(PAUSE_FACTOR).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_the_time_of_the_chunk_up_to_a_maximum() {
        assert_eq!(pause_after(Duration::from_millis(50)), Duration::from_millis(150));
        assert_eq!(pause_after(Duration::from_secs(5)), PAUSE_MAX);
    }

    #[test]
    fn users_are_active_for_two_seconds_after_a_command() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        // A process that has just started does not know when the last command came.
        assert!(throttle.note_order(7, at(0)));
        assert!(throttle.note_order(7, at(1_999)));
        assert!(!throttle.note_order(7, at(2_000)));
        assert!(!throttle.note_order(7, at(9_000)));
        assert!(throttle.note_order(8, at(9_001)));
        assert!(throttle.note_order(9, at(10_500)));
        assert!(throttle.note_order(9, at(12_499)));
        assert!(!throttle.note_order(9, at(12_500)));
    }
}

//! The pace of a reassign. While people are at work it gets hardly ahead of its fees and rests after each chunk: drawing and charging take
//! every core and the disk from them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::outbox;
use tokio::time::Instant;

use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// A run whose events stay in the outbox goes on all the same, slowly.
const FEES_PATIENCE: Duration = Duration::from_secs(1);
/// So long after a command somebody is taken to be at work.
const AT_WORK: Duration = Duration::from_secs(2);
/// With nobody at work a run gets so many chunks ahead.
const CHUNKS_AHEAD: i64 = 10;
/// While somebody is at work a run rests so many times as long as a chunk and its fees took.
const RESTS: u32 = 3;
/// A chunk for which this is not enough waited for something, and took little from anybody.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Whether somebody is at work, by the numbers that tasks, completions and runs take, in whichever process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    last: Arc<Mutex<Option<LastCommand>>>,
}

#[derive(Debug, Clone, Copy)]
struct LastCommand {
    order: i64,
    seen_at: Instant,
}

impl Presence {
    /// Notes the number that was given out last; false once it has been the same for two seconds.
    fn look(&self, order: i64, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let seen_at = last.filter(|last| last.order == order).map_or(now, |last| last.seen_at);
        *last = Some(LastCommand { order, seen_at });
        now.duration_since(seen_at) < AT_WORK
    }
}

impl Tasks {
    /// Waits until a run may draw its next chunk; it began the last one at `began`. With a broker, events count as delivered when it has
    /// them: those who charge may be on other machines.
    pub(crate) async fn make_way(&self, began: Instant) -> Result<(), Error> {
        let order = store::load_last_order(&mut *self.write.acquire().await?).await?;
        let is_at_work = self.presence.look(order, Instant::now());
        let chunks = if is_at_work { 1 } else { CHUNKS_AHEAD };
        let facts = chunks * i64::from(self.settings.reassign_chunk.get());
        outbox::wait_for_delivery(&self.write, facts, FEES_PATIENCE).await?;
        if is_at_work {
            tokio::time::sleep(rest(began.elapsed())).await;
        }
        Ok(())
    }
}

/// After a chunk and its fees that took so long.
fn rest(took: Duration) -> Duration {
    took.saturating_mul(RESTS).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_grows_with_the_work_up_to_a_limit() {
        assert_eq!(rest(Duration::from_millis(50)), Duration::from_millis(150));
        assert_eq!(rest(Duration::from_secs(5)), LONGEST_REST);
    }

    #[test]
    fn somebody_is_at_work_for_two_seconds_after_a_command() {
        let presence = Presence::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        // Who has just come does not know since when it is quiet.
        assert!(presence.look(7, at(0)));
        assert!(presence.look(7, at(1_999)));
        assert!(!presence.look(7, at(2_000)));
        assert!(!presence.look(7, at(9_000)));
        assert!(presence.look(8, at(9_001)));
        assert!(presence.look(9, at(10_500)));
        assert!(presence.look(9, at(12_499)));
        assert!(!presence.look(9, at(12_500)));
    }
}

//! Lines of the log that an outage repeats: each is written at most once a minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two lines with the same key.
const INTERVAL: Duration = Duration::from_secs(60);
/// Maximum number of keys. If there are more, all are forgotten, and each may be written again.
const KEYS_MAX: usize = 256;

/// One place in the code that writes a line. It is a static beside that place. The line has the
/// field `suppressed`, with what [`Repeated::due`] returns.
pub struct Repeated {
    lines: Mutex<BTreeMap<String, Line>>,
}

struct Line {
    written_at: Instant,
    /// Number of lines that were not written since then.
    suppressed: u64,
}

impl Repeated {
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: Mutex::new(BTreeMap::new()) }
    }

    /// Whether a line about `key` is to be written now: the number of lines about it that were not
    /// written since the last one. `None` if the last one was written less than a minute ago.
    pub fn due(&self, key: &str) -> Option<u64> {
        self.due_at(key, Instant::now())
    }

    fn due_at(&self, key: &str, now: Instant) -> Option<u64> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(key) {
            if now.duration_since(line.written_at) < INTERVAL {
                line.suppressed += 1;
                return None;
            }
            line.written_at = now;
            return Some(std::mem::take(&mut line.suppressed));
        }
        if lines.len() >= KEYS_MAX {
            lines.clear();
        }
        lines.insert(key.to_owned(), Line { written_at: now, suppressed: 0 });
        Some(0)
    }
}

impl Default for Repeated {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_once_a_minute_and_tells_how_many_were_not_written() {
        let (line, start) = (Repeated::new(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(line.due_at("first", at(0)), Some(0));
        for second in 1..60 {
            assert_eq!(line.due_at("first", at(second)), None);
        }
        assert_eq!(line.due_at("second", at(59)), Some(0), "each key has lines of its own");
        assert_eq!(line.due_at("first", at(60)), Some(59));
        assert_eq!(line.due_at("first", at(61)), None);
    }

    #[test]
    fn keys_do_not_accumulate() {
        let line = Repeated::new();
        for number in 0..10_000 {
            assert_eq!(line.due(&number.to_string()), Some(0));
        }
        assert!(line.lines.lock().unwrap().len() <= KEYS_MAX);
    }
}

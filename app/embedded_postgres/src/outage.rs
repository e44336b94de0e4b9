//! An outage: why the server is away, and when it is started again. The supervisor logs it and
//! writes it to a file, which the users read.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::ExitStatus;
use std::time::Duration;

use crate::layout::Layout;
use crate::lease;

/// The pause after the first failure, in which the backends of a killed server end. It doubles with
/// each further failure.
const PAUSE_FIRST: Duration = Duration::from_millis(200);

/// The longest pause between two attempts.
const PAUSE_LONGEST: Duration = Duration::from_secs(30);

/// Length of the file in bytes.
const LENGTH: usize = 1024;

/// The failures of the server, as its supervisor counts them.
pub(crate) struct Outage {
    failures: u32,
    /// `None`: it could not be made, and only the log has the reason.
    file: Option<File>,
}

impl Outage {
    /// Makes the file with its whole length, so that a disk that is full later does not prevent a
    /// write.
    pub(crate) fn open(layout: &Layout) -> Self {
        let outage = Self { failures: 0, file: lease::open(&layout.outage()).ok() };
        outage.write("");
        outage
    }

    /// Counts a failure, logs it, and returns the pause before the next attempt.
    pub(crate) fn report(&mut self, reason: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = pause_after(self.failures);
        let failures = self.failures;
        tracing::error!(reason, failures, ?pause, "postgres is away and is started again after a pause");
        let pause = pause.as_secs_f64();
        self.write(&format!("{reason} (failure {failures} in a row); the next attempt is {pause:.1} s after it"));
        pause_after(failures)
    }

    /// The server is ready.
    pub(crate) fn end(&self) {
        if self.failures > 0 {
            tracing::info!("postgres is ready again");
        }
        self.write("");
    }

    /// The next failure is the first one again.
    pub(crate) fn forget_failures(&mut self) {
        self.failures = 0;
    }

    /// Replaces the text in the bytes that the file already has.
    fn write(&self, text: &str) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(LENGTH, b' ');
        if let Some(file) = &self.file
            && let Err(error) = file.write_all_at(&bytes, 0)
        {
            tracing::warn!(%error, "the reason cannot be written for the users");
        }
    }
}

/// The text that the supervisor has written; none while the server is ready.
pub(crate) fn read(layout: &Layout) -> Option<String> {
    let bytes = fs::read(layout.outage()).ok()?;
    // The last character may be cut off.
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The reason of an end, with what PostgreSQL itself has logged last.
pub(crate) fn reason_of_end(status: ExitStatus, was_ready: bool, log: &str) -> String {
    // A server that was ready also logs FATAL for the connections that it refuses.
    let says_why = |line: &&str| {
        let is_of_start = line.contains("FATAL:  ") || line.starts_with("postgres: ");
        line.contains("PANIC:  ") || (!was_ready && is_of_start)
    };
    match log.lines().rfind(says_why) {
        Some(line) => format!("postgres ended with {status}: {}", line.trim()),
        None => format!("postgres ended with {status}"),
    }
}

/// The pause after this number of failures in a row.
pub(crate) fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    PAUSE_FIRST.saturating_mul(1 << doublings).min(PAUSE_LONGEST)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u128> = [1, 2, 3, 8, 9, u32::MAX].map(|failures| pause_after(failures).as_millis()).to_vec();
        assert_eq!(pauses, [200, 400, 800, 25_600, 30_000, 30_000]);
    }

    #[test]
    fn a_reason_is_the_last_line_that_says_why_the_server_ended() {
        let log = "1 FATAL:  no space left on device\n2 LOG:  database system is shut down\n";
        let failed = ExitStatus::from_raw(256);
        assert!(reason_of_end(failed, false, log).ends_with("exit status: 1: 1 FATAL:  no space left on device"));
        assert_eq!(reason_of_end(failed, true, log), "postgres ended with exit status: 1");
    }
}

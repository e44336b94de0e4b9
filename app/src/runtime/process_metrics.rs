//! The metrics of the process itself, under the names that Prometheus gives them.

use std::fmt::Write as _;
use std::fs;

use chrono::{DateTime, Utc};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The metrics in the text format. What the operating system does not show is left out.
#[must_use]
pub fn render(started_at: DateTime<Utc>) -> String {
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
        }
    };
    add("process_cpu_seconds_total", "counter", "CPU time of the process in seconds.", Some(cpu_seconds()));
    add("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", resident_bytes());
    add("process_open_fds", "gauge", "Open file descriptors.", open_files());
    add("process_max_fds", "gauge", "Maximum number of open file descriptors.", open_files_max());
    let started_at = seconds(started_at.timestamp(), i64::from(started_at.timestamp_subsec_nanos()));
    add("process_start_time_seconds", "gauge", "Unix time at which the process has started.", Some(started_at));
    text
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn seconds(seconds: i64, nanoseconds: i64) -> f64 {
    seconds as f64 + nanoseconds as f64 / 1e9
}

/// The CPU time of all threads.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    seconds(used.tv_sec, used.tv_nsec)
}

/// Linux shows it in KiB: `VmRSS: 12345 kB`.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u32 = line.split_whitespace().next()?.parse().ok()?;
    Some(f64::from(kibibytes) * 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn open_files() -> Option<f64> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn open_files_max() -> Option<f64> {
    getrlimit(Resource::Nofile).current.map(|limit| limit as f64)
}

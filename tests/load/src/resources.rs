//! CPU time and memory of processes, read from /proc.

use std::collections::HashMap;
use std::ops::{Add, Sub};
use std::path::Path;

use crate::error::{Error, Result};

/// USER_HZ, the unit of the CPU times in /proc.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of the three parties that share the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct CpuSeconds {
    /// This process and its ended children, among them pgbench.
    pub client: f64,
    /// The measured program.
    pub app: f64,
    /// The PostgreSQL server with all its processes, ended ones included.
    pub postgres: f64,
}

impl Sub for CpuSeconds {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            client: self.client - before.client,
            app: self.app - before.app,
            postgres: self.postgres - before.postgres,
        }
    }
}

impl Add for CpuSeconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { client: self.client + other.client, app: self.app + other.app, postgres: self.postgres + other.postgres }
    }
}

/// The parsed line of /proc/PID/stat.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    parent: u32,
    /// User and system time.
    own_s: f64,
    /// User and system time of the ended children.
    reaped_s: f64,
}

impl Stat {
    /// The name in parentheses may itself contain blanks and parentheses.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        // proc(5) counts fields from 1 and the name is field 2, so `fields` begins with field 3.
        let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(4 - 3)?.parse().ok()?,
            own_s: (ticks(14)? + ticks(15)?) / TICKS_PER_SECOND,
            reaped_s: (ticks(16)? + ticks(17)?) / TICKS_PER_SECOND,
        })
    }

    fn of(pid: u32) -> Option<Self> {
        let line = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&line)
    }
}

/// CPU seconds so far. A process that does not run counts as zero.
pub fn cpu_seconds(app: &[u32], postmaster: u32) -> CpuSeconds {
    let all = |pid: u32| Stat::of(pid).map_or(0.0, |stat| stat.own_s + stat.reaped_s);
    CpuSeconds {
        client: all(std::process::id()),
        app: app.iter().map(|pid| all(*pid)).sum(),
        postgres: all(postmaster) + children_of(postmaster).iter().map(|stat| stat.own_s).sum::<f64>(),
    }
}

fn children_of(parent: u32) -> Vec<Stat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::of).filter(|stat| stat.parent == parent).collect()
}

/// Resident memory of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Memory {
    /// The current resident set.
    pub resident_mib: f64,
    /// The largest resident set so far.
    pub peak_mib: f64,
}

impl Memory {
    /// # Errors
    /// The process has ended.
    pub fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/status");
        let text = std::fs::read_to_string(Path::new(&path)).map_err(Error::io(format!("read {path}")))?;
        Self::parse(&text).ok_or_else(|| Error::Failed(format!("{path} has no memory figures")))
    }

    fn parse(status: &str) -> Option<Self> {
        let fields: HashMap<&str, &str> = status.lines().filter_map(|line| line.split_once(':')).collect();
        let mib = |name: &str| Some(fields.get(name)?.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0);
        Some(Self { resident_mib: mib("VmRSS")?, peak_mib: mib("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_parenthesis_does_not_shift_the_fields() {
        let line = "42 (a) b) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 30 20 20 0 1 0 100 1000 10";
        assert_eq!(Stat::parse(line), Some(Stat { parent: 7, own_s: 3.0, reaped_s: 0.5 }));
    }

    #[test]
    fn memory_is_read_in_mebibytes() {
        let status = "Name:\tpiecework\nVmHWM:\t   10240 kB\nVmRSS:\t    5120 kB\n";
        assert_eq!(Memory::parse(status), Some(Memory { resident_mib: 5.0, peak_mib: 10.0 }));
    }
}

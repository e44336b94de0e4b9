//! Runs the baseline: pgbench calls prepared statements of PostgreSQL.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::error::{Error, Result, failed};
use crate::generator::Measurement;
use crate::server::Server;
use crate::statistics::Latencies;

/// The length of a run of pgbench.
#[derive(Debug, Clone, Copy)]
pub enum Length {
    For(Duration),
    /// A few transactions, because the tables of a short run have few rows.
    Short,
}

/// One run of pgbench.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The PostgreSQL server.
    pub server: &'a Server,
    /// The name of the database.
    pub database: &'a str,
    /// Number of connections.
    pub connections: usize,
    /// When pgbench stops.
    pub length: Length,
    /// A script of pgbench. `:number` has another value in each transaction, from `first` on
    /// without a gap.
    pub script: &'a str,
    /// The first value of `:number`.
    pub first: i64,
}

/// Number of transactions of each connection in a short run.
const SHORT_TRANSACTIONS: u32 = 20;

impl Bench<'_> {
    /// Runs pgbench. A transaction counts as an answer.
    ///
    /// # Errors
    /// A transaction fails, or the output of pgbench has no rate.
    pub async fn run(&self) -> Result<Measurement> {
        let folder = self.server.directory().join("pgbench");
        // An earlier run may have left the directory.
        let _missing = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        let script = folder.join("script");
        let text = format!(
            "\\set number :first + :turn * {connections} + :client_id\n\\set turn :turn + 1\n{script}\n",
            connections = self.connections,
            script = self.script.trim()
        );
        std::fs::write(&script, text).map_err(Error::io("write pgbench's script"))?;
        let output = Command::new(self.server.program("pgbench"))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log", "--define=turn=0"])
            .arg(format!("--define=first={}", self.first))
            .arg(format!("--client={}", self.connections))
            .arg(match self.length {
                Length::For(round) => format!("--time={}", round.as_secs().max(1)),
                Length::Short => format!("--transactions={SHORT_TRANSACTIONS}"),
            })
            .arg(format!("--file={}", script.display()))
            .arg(self.server.url(self.database))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(Error::io("run pgbench"))?;
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let rate = rate(&stdout).filter(|_| output.status.success());
        let Some(rate) = rate else {
            // Every connection reports the same error.
            let errors: Vec<&str> = stderr.lines().take(8).collect();
            return failed(format!("pgbench: {}\n{}", stdout.trim(), errors.join("\n")));
        };
        let latencies = read_latencies(&folder)?;
        let answered = latencies.len() as u64;
        #[expect(clippy::cast_precision_loss, reason = "no round has 2^52 transactions")]
        let elapsed = Duration::from_secs_f64(answered as f64 / rate);
        Ok(Measurement { answered, elapsed, latencies, retries: 0 })
    }
}

/// Parses `tps = 8012.345678 (without initial connection time)`.
fn rate(stdout: &str) -> Option<f64> {
    let line = stdout.lines().find(|line| line.starts_with("tps = ") && line.contains("without"))?;
    line.split_whitespace().nth(2)?.parse().ok().filter(|rate| *rate > 0.0)
}

/// Reads the logs. A line is one transaction: client, number, microseconds, …
fn read_latencies(folder: &Path) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    let entries = std::fs::read_dir(folder).map_err(Error::io(format!("read {}", folder.display())))?;
    let logs = entries.flatten().map(|entry| entry.path()).filter(|path| is_log(path));
    for log in logs {
        let text = std::fs::read_to_string(&log).map_err(Error::io(format!("read {}", log.display())))?;
        let micros = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
        micros.for_each(|micros| latencies.record_micros(micros));
    }
    Ok(latencies)
}

fn is_log(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_excludes_the_connection_time() {
        let stdout = "latency average = 3.9 ms\ninitial connection time = 20.1 ms\n\
                    tps = 8012.345678 (without initial connection time)\n";
        assert_eq!(rate(stdout), Some(8012.345678));
        assert_eq!(rate("tps = 0.000000 (without initial connection time)"), None);
        assert_eq!(rate("pgbench: error"), None);
    }
}

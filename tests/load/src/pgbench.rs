//! The limit: what PostgreSQL alone does, asked by pgbench over prepared statements.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::crowd::Tally;
use crate::error::{Error, Result, failed};
use crate::server::Server;
use crate::statistics::Latencies;

/// How long pgbench runs.
#[derive(Debug, Clone, Copy)]
pub enum Length {
    Lasting(Duration),
    /// In a short run, whose tables soon have nothing left.
    Short,
}

/// One run of pgbench.
#[derive(Debug)]
pub struct Bench<'a> {
    pub server: &'a Server,
    pub database: &'a str,
    pub connections: usize,
    pub length: Length,
    /// In pgbench's language; `:place` is another number in each transaction, from `first` on without a gap.
    pub script: &'a str,
    pub first: i64,
}

/// So many transactions of each connection are enough to see that a script works.
const SHORT_TRANSACTIONS: u32 = 20;

impl Bench<'_> {
    /// Runs it; transactions are the tally's answers.
    ///
    /// # Errors
    /// A transaction fails, or pgbench says something else than it should.
    pub async fn run(&self) -> Result<Tally> {
        let folder = self.server.directory().join("pgbench");
        // What an earlier run left.
        let _nothing_there = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("make {}", folder.display())))?;
        let script = folder.join("script");
        let text = format!(
            "\\set place :first + :turn * {connections} + :client_id\n\\set turn :turn + 1\n{script}\n",
            connections = self.connections,
            script = self.script.trim()
        );
        std::fs::write(&script, text).map_err(Error::io("write pgbench's script"))?;
        let output = Command::new(self.server.program("pgbench"))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log", "--define=turn=0"])
            .arg(format!("--define=first={}", self.first))
            .arg(format!("--client={}", self.connections))
            .arg(match self.length {
                Length::Lasting(round) => format!("--time={}", round.as_secs().max(1)),
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
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let rate = rate(&said).filter(|_| output.status.success());
        let Some(rate) = rate else {
            // Each connection complains of the same.
            let complaints: Vec<&str> = complained.lines().take(8).collect();
            return failed(format!("pgbench: {}\n{}", said.trim(), complaints.join("\n")));
        };
        let latencies = read_latencies(&folder)?;
        let answered = latencies.len() as u64;
        #[expect(clippy::cast_precision_loss, reason = "pgbench does not run 2^52 transactions")]
        let elapsed = Duration::from_secs_f64(answered as f64 / rate);
        Ok(Tally { answered, elapsed, latencies, sent_away: 0 })
    }
}

/// From `tps = 8012.345678 (without initial connection time)`.
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.starts_with("tps = ") && line.contains("without"))?;
    line.split_whitespace().nth(2)?.parse().ok().filter(|rate| *rate > 0.0)
}

/// From the logs, a transaction a line: client, number, microseconds, …
fn read_latencies(folder: &Path) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    let entries = std::fs::read_dir(folder).map_err(Error::io(format!("read {}", folder.display())))?;
    let logs = entries.flatten().map(|entry| entry.path()).filter(|path| is_log(path));
    for log in logs {
        let text = std::fs::read_to_string(&log).map_err(Error::io(format!("read {}", log.display())))?;
        let micros = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
        micros.for_each(|micros| latencies.note_micros(micros));
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
    fn the_rate_is_the_one_without_connecting() {
        let said = "latency average = 3.9 ms\ninitial connection time = 20.1 ms\n\
                    tps = 8012.345678 (without initial connection time)\n";
        assert_eq!(rate(said), Some(8012.345678));
        assert_eq!(rate("tps = 0.000000 (without initial connection time)"), None);
        assert_eq!(rate("pgbench: error"), None);
    }
}

//! Measures the latency of creating, completing and listing at a steady rate while a reassign runs.
//! The baseline is the same without a reassign.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, write_request};
use crate::environment::Environment;
use crate::error::{Error, Result, failed};
use crate::generator::Schedule;
use crate::installation::{Installation, title};
use crate::reassignment::Reassignment;
use crate::report::{Goal, Row};
use crate::requests::{LIST_PATH, complete_path};
use crate::rounds::{Rounds, compare, record_p99s};
use crate::statistics::Latencies;

/// Number of connections that run cycles.
const CONNECTIONS: u16 = 8;

/// Cycles a second. A cycle creates a task, completes it and lists its assignee's tasks. The rate
/// is far below the full load.
const CYCLES_PER_SECOND: f64 = 40.0;

/// The number in the first title of the created tasks.
const FIRST_TITLE: u64 = 300_000_000;

/// Minimum length of a round without a reassign: a thousand cycles, so that the p99 is not a single
/// answer.
const QUIET_ROUND: Duration = Duration::from_secs(25);

/// The requests of a cycle.
const NAMES: [&str; 3] = ["create", "complete", "list"];

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let length = if environment.arguments.short {
        environment.arguments.round
    } else {
        environment.arguments.round.max(QUIET_ROUND)
    };
    let mut quiet: [Rounds; 3] = Default::default();
    let mut busy: [Rounds; 3] = Default::default();
    let mut notes = Vec::new();
    for number in 0..u64::from(environment.arguments.rounds) {
        let titles = FIRST_TITLE + 2 * number * 1_000_000;
        environment.server.checkpoint().await?;
        let before = environment.cpu()?;
        let pause = async {
            tokio::time::sleep(length).await;
            Ok(())
        };
        let (without, ()) = measure_while(environment.main().await?, titles, pause).await?;
        record_p99s(&mut quiet, &without, environment.cpu()? - before)?;

        environment.server.checkpoint().await?;
        let before = environment.cpu()?;
        let installation = environment.main().await?;
        let start = Instant::now();
        let reassign = async { Reassignment::request(installation).await?.finish().await };
        let (during, tasks) = measure_while(installation, titles + 1_000_000, reassign).await?;
        let took_s = start.elapsed().as_secs_f64();
        record_p99s(&mut busy, &during, environment.cpu()? - before)?;
        notes.push(format!("{} cycles during a reassign of {tasks} tasks, {took_s:.0} s", during[0].len()));
        environment.main().await?.wait_until_delivered().await?;
    }
    let mut rows = Vec::new();
    for ((name, busy), quiet) in NAMES.iter().zip(&busy).zip(&quiet) {
        rows.push(compare(&format!("foreground {name}, p99"), "ms", busy, quiet, Goal::RatioAtMost(3.0))?);
    }
    // One note is enough for the three rows.
    let note = format!("the baseline is {} s without a reassign; {}", length.as_secs(), notes.join("; "));
    if let Some(row) = rows.last_mut() {
        row.note = note;
    }
    Ok(rows)
}

/// Runs cycles while `work` runs. Returns the latencies of creating, completing and listing.
async fn measure_while<T>(
    installation: &Installation,
    titles: u64,
    work: impl Future<Output = Result<T>>,
) -> Result<([Latencies; 3], T)> {
    let stop = Arc::new(AtomicBool::new(false));
    let bearers: Arc<HashMap<String, String>> =
        Arc::new(installation.people.workers.iter().map(|person| (person.id.clone(), person.bearer.clone())).collect());
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for index in 0..CONNECTIONS {
        let client = Client {
            connection: Connection::open(installation.process.address).await?,
            schedule: Schedule::new(start, CYCLES_PER_SECOND, index.into(), CONNECTIONS.into()),
            bearers: Arc::clone(&bearers),
            creator: installation.people.admin.bearer.clone(),
            last_title: titles + u64::from(index) * 100_000,
        };
        clients.spawn(client.run(Arc::clone(&stop)));
    }
    let result = work.await;
    stop.store(true, Ordering::Relaxed);
    let mut all: [Latencies; 3] = Default::default();
    while let Some(latencies) = clients.join_next().await {
        let latencies = latencies.map_err(|error| Error::Failed(error.to_string()))??;
        all.iter_mut().zip(&latencies).for_each(|(all, one)| all.extend(one));
    }
    Ok((all, result?))
}

/// One connection that runs cycles.
struct Client {
    connection: Connection,
    schedule: Schedule,
    /// The header of each worker, by the worker's id.
    bearers: Arc<HashMap<String, String>>,
    /// The header of the person who creates the tasks.
    creator: String,
    /// The number in the last title.
    last_title: u64,
}

impl Client {
    async fn run(mut self, stop: Arc<AtomicBool>) -> Result<[Latencies; 3]> {
        let mut latencies: [Latencies; 3] = Default::default();
        let mut request = Vec::new();
        let bearers = Arc::clone(&self.bearers);
        loop {
            // The latency of the first request counts from the time at which the cycle was due.
            let due = self.schedule.next().await;
            if stop.load(Ordering::Relaxed) {
                return Ok(latencies);
            }
            self.last_title += 1;
            let body = format!(r#"{{"title":"{}"}}"#, title(self.last_title));
            write_request(&mut request, "POST", "/api/v1/tasks", &self.creator, &body);
            let created = self.connection.send_with_retry(&request).await?;
            latencies[0].record(due.elapsed());
            let task = if created.status == 201 { created.json()? } else { return failed(created.text()) };
            let assignee = task["assignee"]["id"].as_str().and_then(|id| bearers.get(id));
            let (Some(id), Some(bearer)) = (task["id"].as_str(), assignee) else {
                return failed(format!("the assignee of a task is not one of the workers: {task}"));
            };
            write_request(&mut request, "POST", &complete_path(id), bearer, "");
            latencies[1].record(self.send(&request).await?);
            write_request(&mut request, "GET", LIST_PATH, bearer, "");
            latencies[2].record(self.send(&request).await?);
        }
    }

    async fn send(&mut self, request: &[u8]) -> Result<Duration> {
        let start = Instant::now();
        let answer = self.connection.send_with_retry(request).await?;
        if answer.status == 200 { Ok(start.elapsed()) } else { failed(format!("{}: {}", answer.status, answer.text())) }
    }
}

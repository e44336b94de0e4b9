//! Measures the time from the answer to a completion until the balance shows it, at half of the
//! full load.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::{Connection, write_request};
use crate::environment::{CONNECTIONS, Environment};
use crate::error::{Error, Result, failed};
use crate::generator::Generator;
use crate::installation::Installation;
use crate::report::{Goal, Row};
use crate::requests::{OpenTask, complete_path, completions, list_open_tasks, list_open_tasks_of};
use crate::rounds::spread;
use crate::statistics::Latencies;

/// Number of workers whose balance is read. There are few, because reading balances is a load too.
const WATCHED_WORKERS: usize = 2;

/// More tasks than any round completes in a second.
const TASKS_PER_SECOND_MAX: u64 = 20_000;

/// More tasks than a watched worker completes in a second.
const WATCHED_TASKS_PER_SECOND_MAX: u64 = 500;

/// The pause between two reads of a balance.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Maximum time until the balance shows a completion.
const BALANCE_DEADLINE: Duration = Duration::from_secs(30);

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let (server, round, rounds) = (environment.server, environment.arguments.round, environment.arguments.rounds);
    let (mut medians, mut p99s) = (Vec::new(), Vec::new());
    let mut rates = Vec::new();
    let installation = environment.main().await?;
    // Earlier scenarios leave dead rows, and autovacuum must not run during the rounds.
    installation.wait_until_delivered().await?;
    installation.tracker.run("vacuum").await?;
    installation.accounting.run("vacuum").await?;
    for _ in 0..rounds {
        server.checkpoint().await?;
        let full_per_second = measure_full_load(installation, round.min(Duration::from_secs(2))).await?;
        installation.wait_until_delivered().await?;
        let latencies = measure_at(installation, round, full_per_second / 2.0).await?;
        let Some(percentiles) = latencies.percentiles() else { return failed("no task was completed") };
        medians.push(percentiles.p50_ms);
        p99s.push(percentiles.p99_ms);
        rates.push(format!("{} completions at {:.0}/s", latencies.len(), full_per_second / 2.0));
        installation.wait_until_delivered().await?;
    }
    Ok(vec![
        Row::new("pipeline, p50", "ms", spread(&medians)?, None, Goal::AtMost(10.0)).with_note(rates.join(", ")),
        Row::new("pipeline, p99", "ms", spread(&p99s)?, None, Goal::AtMost(50.0)),
    ])
}

/// Measures the completions a second at full load.
async fn measure_full_load(installation: &mut Installation, round: Duration) -> Result<f64> {
    let tasks = split_tasks(installation, round).await?.1;
    let generator = Generator {
        address: installation.process.address,
        connections: CONNECTIONS,
        expected_status: 200,
        per_second: None,
    };
    Ok(generator.send_for(round, completions(installation, tasks)).await?.per_second())
}

/// Measures the latencies of the balance while others complete `per_second` tasks.
async fn measure_at(installation: &mut Installation, round: Duration, per_second: f64) -> Result<Latencies> {
    let (watched, tasks) = split_tasks(installation, round).await?;
    let generator = Generator {
        address: installation.process.address,
        connections: CONNECTIONS,
        expected_status: 200,
        per_second: Some(per_second),
    };
    let watching = watch(installation, watched, Instant::now() + round);
    Ok(generator.send_while(completions(installation, tasks), watching).await?.1)
}

/// The open tasks of each watched worker, and the open tasks of all other workers.
async fn split_tasks(installation: &mut Installation, round: Duration) -> Result<(Vec<Vec<OpenTask>>, Vec<OpenTask>)> {
    let watched = WATCHED_WORKERS.min(installation.people.workers.len() / 2);
    let seconds = round.as_secs().max(1);
    let mut by_worker = Vec::new();
    for worker in 0..watched {
        by_worker.push(list_open_tasks_of(installation, worker, seconds * WATCHED_TASKS_PER_SECOND_MAX).await?);
    }
    let mut others = list_open_tasks(installation, seconds * TASKS_PER_SECOND_MAX).await?;
    others.retain(|task| task.worker >= watched);
    Ok((by_worker, others))
}

/// Watches all workers concurrently, each over a connection of their own.
async fn watch(installation: &Installation, tasks: Vec<Vec<OpenTask>>, end: Instant) -> Result<Latencies> {
    let mut watchers = JoinSet::new();
    for (tasks, person) in tasks.into_iter().zip(&installation.people.workers) {
        let connection = Connection::open(installation.process.address).await?;
        let watcher = Watcher { connection, request: Vec::new(), bearer: person.bearer.clone() };
        watchers.spawn(watcher.watch(tasks, end));
    }
    let mut all = Latencies::default();
    while let Some(watched) = watchers.join_next().await {
        all.extend(&watched.map_err(|error| Error::Failed(error.to_string()))??);
    }
    Ok(all)
}

/// Completes tasks of one worker and reads the worker's balance.
struct Watcher {
    connection: Connection,
    request: Vec<u8>,
    bearer: String,
}

impl Watcher {
    /// Completes one task after the other, and reads the balance each time until it has changed.
    async fn watch(mut self, tasks: Vec<OpenTask>, end: Instant) -> Result<Latencies> {
        let mut latencies = Latencies::default();
        for task in tasks {
            if Instant::now() > end {
                break;
            }
            let before = self.balance().await?;
            let answered_at = self.complete(&task.id).await?;
            while self.balance().await? == before {
                if answered_at.elapsed() > BALANCE_DEADLINE {
                    return failed("the balance did not show a reward in time");
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            latencies.record(answered_at.elapsed());
        }
        Ok(latencies)
    }

    async fn balance(&mut self) -> Result<Value> {
        write_request(&mut self.request, "GET", "/api/v1/wallets/me", &self.bearer, "");
        let answer = self.connection.send_with_retry(&self.request).await?;
        if answer.status == 200 { Ok(answer.json()?["balance"].take()) } else { failed(answer.text()) }
    }

    /// Completes a task. Returns the time of the answer.
    async fn complete(&mut self, task_id: &str) -> Result<Instant> {
        write_request(&mut self.request, "POST", &complete_path(task_id), &self.bearer, "");
        let answer = self.connection.send_with_retry(&self.request).await?;
        if answer.status == 200 { Ok(Instant::now()) } else { failed(answer.text()) }
    }
}

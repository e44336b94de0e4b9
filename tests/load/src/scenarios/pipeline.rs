//! How long after a completion was answered the balance shows it, at half load.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::client::{Connection, write_request};
use crate::crowd::Crowd;
use crate::error::{Error, Result, failed};
use crate::installation::Installation;
use crate::report::{Goal, Row};
use crate::statistics::Latencies;
use crate::work::{OpenTask, complete_path, completions, open_tasks, open_tasks_of};
use crate::world::{CONNECTIONS, World, spread};

/// So many workers are left to those who look at balances, few because all that looking is a load of its own.
const WATCHED: usize = 2;
const TASKS_PER_SECOND_MAX: u64 = 20_000;
/// Nobody sees their balance change more often.
const LOOKS_PER_SECOND_MAX: u64 = 500;
const LOOK_AGAIN: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let (server, round, rounds) = (world.server, world.arguments.round, world.arguments.rounds);
    let (mut medians, mut p99s) = (Vec::new(), Vec::new());
    let mut rates = Vec::new();
    let company = world.main().await?;
    // What is measured is not what runs of a million tasks have left to be cleared away.
    company.settle().await?;
    company.tracker.run("vacuum").await?;
    company.accounting.run("vacuum").await?;
    for _ in 0..rounds {
        server.checkpoint().await?;
        let full = full_load(company, round.min(Duration::from_secs(2))).await?;
        company.settle().await?;
        let latencies = half_load(company, round, full / 2.0).await?;
        let Some(percentiles) = latencies.percentiles() else { return failed("nothing was completed") };
        medians.push(percentiles.p50_ms);
        p99s.push(percentiles.p99_ms);
        rates.push(format!("{} times at {:.0}/s", latencies.len(), full / 2.0));
        company.settle().await?;
    }
    Ok(vec![
        Row::new("pipeline, p50", "ms", spread(&medians)?, None, Goal::AtMost(10.0)).with_note(rates.join(", ")),
        Row::new("pipeline, p99", "ms", spread(&p99s)?, None, Goal::AtMost(50.0)),
    ])
}

/// Completions a second when nobody holds back.
async fn full_load(company: &mut Installation, round: Duration) -> Result<f64> {
    let tasks = split_tasks(company, round).await?.1;
    let crowd = Crowd { address: company.serving.address, connections: CONNECTIONS, expected: 200, per_second: None };
    Ok(crowd.ask_for(round, completions(company, tasks)).await?.per_second())
}

async fn half_load(company: &mut Installation, round: Duration, per_second: f64) -> Result<Latencies> {
    let (watched, tasks) = split_tasks(company, round).await?;
    let crowd = Crowd {
        address: company.serving.address,
        connections: CONNECTIONS,
        expected: 200,
        per_second: Some(per_second),
    };
    let watching = watch(company, watched, Instant::now() + round);
    Ok(crowd.ask_while(completions(company, tasks), watching).await?.1)
}

/// Open tasks of those who are watched, by person, and those of all others.
async fn split_tasks(company: &mut Installation, round: Duration) -> Result<(Vec<Vec<OpenTask>>, Vec<OpenTask>)> {
    let watched = WATCHED.min(company.staff.workers.len() / 2);
    let seconds = round.as_secs().max(1);
    let mut by_person = Vec::new();
    for worker in 0..watched {
        by_person.push(open_tasks_of(company, worker, seconds * LOOKS_PER_SECOND_MAX).await?);
    }
    let mut others = open_tasks(company, seconds * TASKS_PER_SECOND_MAX).await?;
    others.retain(|task| task.worker >= watched);
    Ok((by_person, others))
}

/// All of them at once, each on a connection of their own.
async fn watch(company: &Installation, tasks: Vec<Vec<OpenTask>>, end: Instant) -> Result<Latencies> {
    let mut watchers = JoinSet::new();
    for (tasks, person) in tasks.into_iter().zip(&company.staff.workers) {
        let connection = Connection::open(company.serving.address).await?;
        let watcher = Watcher { connection, request: Vec::new(), bearer: person.bearer.clone() };
        watchers.spawn(watcher.watch(tasks, end));
    }
    let mut all = Latencies::default();
    while let Some(watched) = watchers.join_next().await {
        all.extend(&watched.map_err(|error| Error::Failed(error.to_string()))??);
    }
    Ok(all)
}

struct Watcher {
    connection: Connection,
    request: Vec<u8>,
    bearer: String,
}

impl Watcher {
    /// Completes one task after the other and looks each time until the balance has changed.
    async fn watch(mut self, tasks: Vec<OpenTask>, end: Instant) -> Result<Latencies> {
        let mut latencies = Latencies::default();
        for task in tasks {
            if Instant::now() > end {
                break;
            }
            let before = self.balance().await?;
            let answered = self.complete(&task.id).await?;
            while self.balance().await? == before {
                if answered.elapsed() > PATIENCE {
                    return failed("a reward does not show in the balance");
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            latencies.note(answered.elapsed());
        }
        Ok(latencies)
    }

    async fn balance(&mut self) -> Result<Value> {
        write_request(&mut self.request, "GET", "/api/v1/wallets/me", &self.bearer, "");
        let answer = self.connection.insist(&self.request).await?;
        if answer.status == 200 { Ok(answer.json()?["balance"].take()) } else { failed(answer.text()) }
    }

    async fn complete(&mut self, task_id: &str) -> Result<Instant> {
        write_request(&mut self.request, "POST", &complete_path(task_id), &self.bearer, "");
        let answer = self.connection.insist(&self.request).await?;
        if answer.status == 200 { Ok(Instant::now()) } else { failed(answer.text()) }
    }
}

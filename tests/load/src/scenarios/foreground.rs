//! What people notice of a reassign: creating, completing and listing at a steady pace, without one and while one runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Connection, write_request};
use crate::crowd::Pace;
use crate::error::{Error, Result, failed};
use crate::installation::{Installation, title};
use crate::report::{Goal, Row};
use crate::runs::Run;
use crate::statistics::Latencies;
use crate::work::{LIST_PATH, complete_path};
use crate::world::{Rounds, World, compare, note_p99s};

const CONNECTIONS: u16 = 8;
/// A task is created, completed and its assignee's list read so often a second: a busy company, and no full machine.
const CYCLES_PER_SECOND: f64 = 40.0;
/// Titles of the tasks created here are numbered from here on.
const FIRST: u64 = 300_000_000;
/// So long without a reassign at least, so that its p99 is not one answer of two hundred.
const QUIET: Duration = Duration::from_secs(25);
const NAMES: [&str; 3] = ["create", "complete", "list"];

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let length = if world.arguments.short { world.arguments.round } else { world.arguments.round.max(QUIET) };
    let mut quiet: [Rounds; 3] = Default::default();
    let mut busy: [Rounds; 3] = Default::default();
    let mut seen = Vec::new();
    for number in 0..u64::from(world.arguments.rounds) {
        let titles = FIRST + 2 * number * 1_000_000;
        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let pause = async {
            tokio::time::sleep(length).await;
            Ok(())
        };
        let (without, ()) = work_while(world.main().await?, titles, pause).await?;
        note_p99s(&mut quiet, &without, world.cpu()? - before)?;

        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let company = world.main().await?;
        let began = Instant::now();
        let reassign = async { Run::request(company).await?.finish().await };
        let (during, tasks) = work_while(company, titles + 1_000_000, reassign).await?;
        let took_s = began.elapsed().as_secs_f64();
        note_p99s(&mut busy, &during, world.cpu()? - before)?;
        seen.push(format!("{} cycles in a run of {tasks} tasks, {took_s:.0} s", during[0].len()));
        world.main().await?.settle().await?;
    }
    let mut rows = Vec::new();
    for ((name, busy), quiet) in NAMES.iter().zip(&busy).zip(&quiet) {
        rows.push(compare(&format!("foreground {name}, p99"), "ms", busy, quiet, Goal::RatioAtMost(3.0))?);
    }
    // Once is enough.
    let note = format!("the limit is without a reassign, {} s; {}", length.as_secs(), seen.join("; "));
    if let Some(row) = rows.last_mut() {
        row.note = note;
    }
    Ok(rows)
}

/// Works as long as `event` takes; the latencies of creating, completing and listing.
async fn work_while<T>(
    company: &Installation,
    titles: u64,
    event: impl Future<Output = Result<T>>,
) -> Result<([Latencies; 3], T)> {
    let enough = Arc::new(AtomicBool::new(false));
    let bearers: Arc<HashMap<String, String>> =
        Arc::new(company.staff.workers.iter().map(|person| (person.id.clone(), person.bearer.clone())).collect());
    let mut desks = JoinSet::new();
    let began = Instant::now();
    for place in 0..CONNECTIONS {
        let desk = Desk {
            connection: Connection::open(company.serving.address).await?,
            pace: Pace::new(began, CYCLES_PER_SECOND, place.into(), CONNECTIONS.into()),
            bearers: Arc::clone(&bearers),
            creator: company.staff.admin.bearer.clone(),
            titles: titles + u64::from(place) * 100_000,
        };
        desks.spawn(desk.work(Arc::clone(&enough)));
    }
    let result = event.await;
    enough.store(true, Ordering::Relaxed);
    let mut all: [Latencies; 3] = Default::default();
    while let Some(worked) = desks.join_next().await {
        let worked = worked.map_err(|error| Error::Failed(error.to_string()))??;
        all.iter_mut().zip(&worked).for_each(|(all, one)| all.extend(one));
    }
    Ok((all, result?))
}

/// Somebody at work: creates a task, completes it for whoever got it, looks at their list.
struct Desk {
    connection: Connection,
    pace: Pace,
    bearers: Arc<HashMap<String, String>>,
    creator: String,
    titles: u64,
}

impl Desk {
    async fn work(mut self, enough: Arc<AtomicBool>) -> Result<[Latencies; 3]> {
        let mut latencies: [Latencies; 3] = Default::default();
        let mut request = Vec::new();
        let bearers = Arc::clone(&self.bearers);
        loop {
            // A late start counts: who is kept waiting does not mind by what.
            let due = self.pace.next().await;
            if enough.load(Ordering::Relaxed) {
                return Ok(latencies);
            }
            self.titles += 1;
            let body = format!(r#"{{"title":"{}"}}"#, title(self.titles));
            write_request(&mut request, "POST", "/api/v1/tasks", &self.creator, &body);
            let created = self.connection.insist(&request).await?;
            latencies[0].note(due.elapsed());
            let task = if created.status == 201 { created.json()? } else { return failed(created.text()) };
            let assignee = task["assignee"]["id"].as_str().and_then(|id| bearers.get(id));
            let (Some(id), Some(bearer)) = (task["id"].as_str(), assignee) else {
                return failed(format!("a task for nobody who is logged in: {task}"));
            };
            write_request(&mut request, "POST", &complete_path(id), bearer, "");
            latencies[1].note(self.ask(&request).await?);
            write_request(&mut request, "GET", LIST_PATH, bearer, "");
            latencies[2].note(self.ask(&request).await?);
        }
    }

    async fn ask(&mut self, request: &[u8]) -> Result<Duration> {
        let asked = Instant::now();
        let answer = self.connection.insist(request).await?;
        if answer.status == 200 { Ok(asked.elapsed()) } else { failed(format!("{}: {}", answer.status, answer.text())) }
    }
}

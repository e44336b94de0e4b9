//! Measures by how much the databases grow with each fact, with indexes, dead rows and remembered
//! events, and how long a verification takes. The installation is one of its own.

use std::ops::Range;
use std::time::Instant;

use crate::environment::Environment;
use crate::error::Result;
use crate::installation::{Installation, program_for};
use crate::reassignment::Reassignment;
use crate::report::{Goal, Row};
use crate::rounds::spread;

/// Number of workers.
const WORKERS: usize = 500;

/// Number of tasks.
const TASKS: u64 = 1_000_000;

/// Number of tasks with `--large`.
const LARGE_TASKS: u64 = 10_000_000;

/// Number of tasks in a short run.
const SHORT_TASKS: u64 = 5_000;

/// Number of tasks that are imported or completed in one transaction at most.
const CHUNK: u64 = 500_000;

/// One of this number of tasks is completed.
const TASKS_PER_COMPLETION: u64 = 5;

/// Bytes in a GiB.
const GIB: f64 = 1_073_741_824.0;

/// The sizes of both databases, in bytes.
#[derive(Clone, Copy)]
struct Bytes {
    tracker: f64,
    accounting: f64,
}

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let tasks = match (environment.arguments.short, environment.arguments.large) {
        (true, _) => SHORT_TASKS,
        (false, true) => LARGE_TASKS,
        (false, false) => TASKS,
    };
    let completions = tasks / TASKS_PER_COMPLETION;
    let program = program_for(environment.server, &environment.program, "growth").await?;
    let mut installation = Installation::create_without_tasks(environment.server, program, "growth", WORKERS).await?;
    let empty = Bytes::of(&mut installation).await?;

    for chunk in chunks(tasks) {
        environment.progress.show(&format!("growth: {} of {tasks} tasks are created", chunk.start));
        installation.import_tasks(environment.server, chunk).await?;
        installation.wait_until_delivered().await?;
    }
    let created = Bytes::of(&mut installation).await?;

    environment.progress.show("growth: all tasks are reassigned");
    Reassignment::request(&installation).await?.finish().await?;
    installation.wait_until_delivered().await?;
    let reassigned = Bytes::of(&mut installation).await?;

    for chunk in chunks(completions) {
        environment.progress.show(&format!("growth: {} of {completions} tasks are completed", chunk.start));
        installation.complete_tasks(chunk.end - chunk.start).await?;
        installation.wait_until_delivered().await?;
    }
    let completed = Bytes::of(&mut installation).await?;

    environment.progress.show("growth: the data is verified");
    let start = Instant::now();
    installation.verify().await?;
    let verification_s = start.elapsed().as_secs_f64();
    environment.record_memory(&installation.name, installation.process.pid()?)?;
    installation.process.stop().await?;
    Ok(vec![
        row("growth, a task", empty, created, tasks)?,
        row("growth, a further assignment", created, reassigned, tasks)?,
        row("growth, a completion", reassigned, completed, completions)?,
        Row::new("growth, verification", "s", spread(&[verification_s])?, None, Goal::None)
            .with_note(format!("{tasks} tasks, each assigned twice, {completions} completed")),
    ])
}

fn chunks(facts: u64) -> impl Iterator<Item = Range<u64>> {
    (0..facts.div_ceil(CHUNK)).map(move |number| number * CHUNK..facts.min((number + 1) * CHUNK))
}

impl Bytes {
    async fn of(installation: &mut Installation) -> Result<Self> {
        let size = "select pg_database_size(current_database())::float8";
        Ok(Self {
            tracker: installation.tracker.value(size).await?,
            accounting: installation.accounting.value(size).await?,
        })
    }
}

/// The growth of both databases for each of these facts.
#[expect(clippy::cast_precision_loss, reason = "a number of tasks is far below 2^52")]
fn row(name: &str, before: Bytes, after: Bytes, facts: u64) -> Result<Row> {
    let each = |before: f64, after: f64| (after - before) / facts as f64;
    let (tracker, accounting) = (each(before.tracker, after.tracker), each(before.accounting, after.accounting));
    Ok(Row::new(name, "B", spread(&[tracker + accounting])?, None, Goal::None).with_note(format!(
        "{tracker:.0} B in tracker and {accounting:.0} B in accounting for each; then the databases have {:.1} GiB",
        (after.tracker + after.accounting) / GIB
    )))
}

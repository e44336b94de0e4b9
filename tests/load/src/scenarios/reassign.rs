//! Measures a reassign of all open tasks, until every fee is charged. The baseline is one statement
//! in each database that writes the same rows.

use std::time::{Duration, Instant};

use crate::baseline::Baseline;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::generator::Measurement;
use crate::reassignment::Reassignment;
use crate::report::{Goal, Row};
use crate::resources::CpuSeconds;
use crate::rounds::{Rounds, compare};

/// The baseline's statement in the tracker database.
const TASKS: &str = include_str!("../../baseline/reassign_tasks.sql");

/// The baseline's statement in the accounting database.
const FEES: &str = include_str!("../../baseline/reassign_fees.sql");

/// The assignment number of the baseline's first round. No task has as many assignments.
const FIRST_ASSIGNMENT: u32 = 50;

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let server = environment.server;
    let installation = environment.main().await?;
    let mut tracker = Baseline::in_tracker(server, installation, "").await?;
    let mut accounting = Baseline::in_accounting(server, installation, "").await?;
    let (mut measured, mut baseline) = (Rounds::default(), Rounds::default());
    let mut notes = Vec::new();
    for round in 0..environment.arguments.rounds {
        server.checkpoint().await?;
        let (measurement, reassigned_in, cpu) = measure(environment).await?;
        measured.record(&measurement, cpu);
        let (tasks, reassigned_s) = (measurement.answered, reassigned_in.as_secs_f64());
        let charged_s = measurement.elapsed.as_secs_f64();
        notes.push(format!("{tasks} tasks reassigned in {reassigned_s:.1} s, charged after {charged_s:.1} s"));

        server.checkpoint().await?;
        let before = environment.cpu()?;
        let measurement = measure_baseline(&mut tracker, &mut accounting, FIRST_ASSIGNMENT + round).await?;
        baseline.record(&measurement, environment.cpu()? - before);
    }
    let row = compare("reassign", "1/s", &measured, &baseline, Goal::RatioAtLeast(0.5))?;
    Ok(vec![row.with_note(notes.join("; "))])
}

/// Returns the measurement, the time until all tasks were reassigned, and the CPU time.
async fn measure(environment: &mut Environment<'_>) -> Result<(Measurement, Duration, CpuSeconds)> {
    let before = environment.cpu()?;
    let installation = environment.main().await?;
    let transfers = installation.count_transfers().await?;
    let start = Instant::now();
    let reassigned = Reassignment::request(installation).await?.finish().await?;
    let reassigned_in = start.elapsed();
    installation.wait_for_transfers(transfers + reassigned).await?;
    let elapsed = start.elapsed();
    installation.wait_until_delivered().await?;
    Ok((measurement(reassigned, elapsed)?, reassigned_in, environment.cpu()? - before))
}

/// Runs both statements concurrently, because the program uses both databases concurrently.
async fn measure_baseline(tracker: &mut Baseline, accounting: &mut Baseline, assignment: u32) -> Result<Measurement> {
    let tasks: i64 = tracker.session.value("select count(*) from tasks.open_tasks").await?;
    let fees = FEES.replace(":count", &tasks.to_string()).replace(":assignment", &assignment.to_string());
    let start = Instant::now();
    tokio::try_join!(tracker.session.run(TASKS), accounting.session.run(&fees))?;
    measurement(tasks, start.elapsed())
}

fn measurement(tasks: i64, elapsed: Duration) -> Result<Measurement> {
    let answered = u64::try_from(tasks).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Measurement { answered, elapsed, ..Measurement::default() })
}

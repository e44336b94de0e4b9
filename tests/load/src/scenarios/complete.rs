//! Measures the tasks completed a second over HTTP; each is answered after its durable commit. The
//! baseline is one prepared call that writes the same rows.

use crate::baseline::Baseline;
use crate::environment::{CONNECTIONS, Environment};
use crate::error::Result;
use crate::generator::{Generator, Measurement};
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::requests::{completions, list_open_tasks};
use crate::resources::CpuSeconds;
use crate::rounds::{Rounds, compare};

/// The baseline's statements.
const BASELINE: &str = include_str!("../../baseline/complete.sql");

/// More tasks than any round completes in a second.
const TASKS_PER_SECOND_MAX: u64 = 20_000;

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let server = environment.server;
    let mut database = Baseline::in_tracker(server, environment.main().await?, BASELINE).await?;
    let (mut measured, mut baseline) = (Rounds::default(), Rounds::default());
    let mut booked_after_s = Vec::new();
    for _ in 0..environment.arguments.rounds {
        environment.server.checkpoint().await?;
        let (measurement, cpu) = measure(environment).await?;
        measured.record(&measurement, cpu);
        booked_after_s.push(environment.main().await?.wait_until_delivered().await?.as_secs_f64());

        environment.server.checkpoint().await?;
        let before = environment.cpu()?;
        let measurement = measure_baseline(environment, &mut database).await?;
        baseline.record(&measurement, environment.cpu()? - before);
    }
    let booked_after: Vec<String> = booked_after_s.iter().map(|seconds| format!("{seconds:.1}")).collect();
    let note = format!("all events were booked {} s after the ends of the rounds", booked_after.join(", "));
    Ok(vec![compare("complete", "1/s", &measured, &baseline, Goal::RatioAtLeast(1.0))?.with_note(note)])
}

async fn measure(environment: &mut Environment<'_>) -> Result<(Measurement, CpuSeconds)> {
    let round = environment.arguments.round;
    let installation = environment.main().await?;
    let tasks = list_open_tasks(installation, round.as_secs() * TASKS_PER_SECOND_MAX).await?;
    let requests = completions(installation, tasks);
    let generator = Generator {
        address: installation.process.address,
        connections: CONNECTIONS,
        expected_status: 200,
        per_second: None,
    };
    let before = environment.cpu()?;
    let measurement = generator.send_for(round, requests).await?;
    Ok((measurement, environment.cpu()? - before))
}

async fn measure_baseline(environment: &Environment<'_>, database: &mut Baseline) -> Result<Measurement> {
    let first = database.session.value("select min(number) from load.first_open_task").await?;
    Bench {
        server: environment.server,
        database: &database.database,
        connections: CONNECTIONS,
        length: environment.length(),
        script: "select load.complete_task(:number);",
        first,
    }
    .run()
    .await
}

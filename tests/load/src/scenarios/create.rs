//! Measures the tasks created a second over HTTP. The baseline is one prepared call that writes the
//! same rows.

use crate::baseline::Baseline;
use crate::environment::{CONNECTIONS, Environment};
use crate::error::Result;
use crate::generator::{Generator, Measurement};
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::requests::creations;
use crate::rounds::{Rounds, compare};

/// The baseline's statements.
const BASELINE: &str = include_str!("../../baseline/create.sql");

/// The number in the first title. No imported task has such a number.
const FIRST_TITLE: u64 = 100_000_000;

/// Number of titles that are reserved for each round.
const TITLES_PER_ROUND: u64 = 1_000_000;

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let server = environment.server;
    let database = Baseline::in_tracker(server, environment.main().await?, BASELINE).await?.database;
    let (mut measured, mut baseline) = (Rounds::default(), Rounds::default());
    let mut booked_after_s = Vec::new();
    for number in 0..u64::from(environment.arguments.rounds) {
        let first_title = FIRST_TITLE + number * TITLES_PER_ROUND;
        environment.server.checkpoint().await?;
        let before = environment.cpu()?;
        let measurement = measure(environment, first_title).await?;
        measured.record(&measurement, environment.cpu()? - before);
        booked_after_s.push(environment.main().await?.wait_until_delivered().await?.as_secs_f64());

        environment.server.checkpoint().await?;
        let before = environment.cpu()?;
        let bench = Bench {
            server: environment.server,
            database: &database,
            connections: CONNECTIONS,
            length: environment.length(),
            script: "select load.create_task(:number);",
            first: i64::try_from(first_title).unwrap_or(i64::MAX),
        };
        let measurement = bench.run().await?;
        baseline.record(&measurement, environment.cpu()? - before);
    }
    let booked_after: Vec<String> = booked_after_s.iter().map(|seconds| format!("{seconds:.1}")).collect();
    let note = format!("all events were booked {} s after the ends of the rounds", booked_after.join(", "));
    Ok(vec![compare("create", "1/s", &measured, &baseline, Goal::RatioAtLeast(0.8))?.with_note(note)])
}

async fn measure(environment: &mut Environment<'_>, first_title: u64) -> Result<Measurement> {
    let round = environment.arguments.round;
    let installation = environment.main().await?;
    let generator = Generator {
        address: installation.process.address,
        connections: CONNECTIONS,
        expected_status: 201,
        per_second: None,
    };
    generator.send_for(round, creations(installation, first_title)).await
}

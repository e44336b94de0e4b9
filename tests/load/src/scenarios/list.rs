//! Measures a page of fifty tasks of one person, out of a million tasks. The baseline of the rate
//! is the same select alone. The baseline of the latency is the same request at ten thousand tasks.

use std::time::Duration;

use crate::baseline::Baseline;
use crate::environment::{CONNECTIONS, Environment};
use crate::error::Result;
use crate::generator::{Generator, Measurement};
use crate::installation::Installation;
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::requests::lists;
use crate::rounds::{Rounds, compare, p99_ms, spread};

/// The baseline's statement.
const BASELINE: &str = include_str!("../../baseline/list.sql");

/// Requests a second where latencies are compared. At this rate no request waits for another one.
const STEADY_PER_SECOND: Option<f64> = Some(200.0);

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let server = environment.server;
    let database = Baseline::in_tracker(server, environment.main().await?, "").await?.database;
    environment.small().await?;
    let (mut measured, mut baseline) = (Rounds::default(), Rounds::default());
    let (mut large_p99, mut small_p99) = (Vec::new(), Vec::new());
    let round = environment.arguments.round;
    for _ in 0..environment.arguments.rounds {
        let before = environment.cpu()?;
        let measurement = measure(environment.main().await?, round, None).await?;
        measured.record(&measurement, environment.cpu()? - before);

        let before = environment.cpu()?;
        let bench = Bench {
            server: environment.server,
            database: &database,
            connections: CONNECTIONS,
            length: environment.length(),
            script: BASELINE,
            first: 0,
        };
        let measurement = bench.run().await?;
        baseline.record(&measurement, environment.cpu()? - before);

        let large = measure(environment.main().await?, round, STEADY_PER_SECOND).await?;
        large_p99.push(p99_ms(&large.latencies)?);
        let small = measure(environment.small().await?, round, STEADY_PER_SECOND).await?;
        small_p99.push(p99_ms(&small.latencies)?);
    }
    let (large, small) = (spread(&large_p99)?, spread(&small_p99)?);
    Ok(vec![
        compare("list", "1/s", &measured, &baseline, Goal::RatioAtLeast(0.5))?,
        Row::new("list, p99", "ms", large, Some(small), Goal::RatioAtMost(1.5))
            .with_note("at 200 requests a second; the baseline is 10,000 tasks"),
    ])
}

async fn measure(installation: &Installation, round: Duration, per_second: Option<f64>) -> Result<Measurement> {
    let generator =
        Generator { address: installation.process.address, connections: CONNECTIONS, expected_status: 200, per_second };
    generator.send_for(round, lists(installation)).await
}

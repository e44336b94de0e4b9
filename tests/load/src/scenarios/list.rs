//! Fifty tasks of mine, out of a million; against the same select alone, and against the same request where there are ten thousand.

use std::time::Duration;

use crate::crowd::{Crowd, Tally};
use crate::error::Result;
use crate::installation::Installation;
use crate::limits::Limit;
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::work::lists;
use crate::world::{CONNECTIONS, Rounds, World, compare, p99_ms, spread};

/// Requests a second where times are compared: far from what the machine can, where every answer waits for others.
const STEADY: Option<f64> = Some(200.0);
const LIMIT: &str = include_str!("../../limits/list.sql");

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let server = world.server;
    let limit_database = Limit::of_tracker(server, world.main().await?, "").await?.database;
    world.small().await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let (mut large_p99, mut small_p99) = (Vec::new(), Vec::new());
    let round = world.arguments.round;
    for _ in 0..world.arguments.rounds {
        let before = world.cpu()?;
        let tally = list_for(world.main().await?, round, None).await?;
        ours.note(&tally, world.cpu()? - before);

        let before = world.cpu()?;
        let bench = Bench {
            server: world.server,
            database: &limit_database,
            connections: CONNECTIONS,
            length: world.length(),
            script: LIMIT,
            first: 0,
        };
        let tally = bench.run().await?;
        limit.note(&tally, world.cpu()? - before);

        large_p99.push(p99_ms(&list_for(world.main().await?, round, STEADY).await?.latencies)?);
        small_p99.push(p99_ms(&list_for(world.small().await?, round, STEADY).await?.latencies)?);
    }
    let (large, small) = (spread(&large_p99)?, spread(&small_p99)?);
    Ok(vec![
        compare("list", "1/s", &ours, &limit, Goal::RatioAtLeast(0.5))?,
        Row::new("list, p99", "ms", large, Some(small), Goal::RatioAtMost(1.5))
            .with_note("at 200 a second; the limit is that of 10,000 tasks"),
    ])
}

async fn list_for(company: &Installation, round: Duration, per_second: Option<f64>) -> Result<Tally> {
    let crowd = Crowd { address: company.serving.address, connections: CONNECTIONS, expected: 200, per_second };
    crowd.ask_for(round, lists(company)).await
}

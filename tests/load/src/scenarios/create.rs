//! Tasks created a second over HTTP; against one prepared call that writes the same.

use crate::crowd::{Crowd, Tally};
use crate::error::Result;
use crate::limits::Limit;
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::work::creations;
use crate::world::{CONNECTIONS, Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/create.sql");
/// Titles begin with numbers that no imported task has, other ones in each round.
const FIRST: u64 = 100_000_000;
const PER_ROUND: u64 = 1_000_000;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let server = world.server;
    let limit_database = Limit::of_tracker(server, world.main().await?, LIMIT).await?.database;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut settled_s = Vec::new();
    for number in 0..u64::from(world.arguments.rounds) {
        let first = FIRST + number * PER_ROUND;
        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = our_round(world, first).await?;
        ours.note(&tally, world.cpu()? - before);
        settled_s.push(world.main().await?.settle().await?.as_secs_f64());

        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = Bench {
            server: world.server,
            database: &limit_database,
            connections: CONNECTIONS,
            length: world.length(),
            script: "select load.create_task(:place);",
            first: i64::try_from(first).unwrap_or(i64::MAX),
        };
        let tally = tally.run().await?;
        limit.note(&tally, world.cpu()? - before);
    }
    let settled: Vec<String> = settled_s.iter().map(|seconds| format!("{seconds:.1}")).collect();
    let note = format!("the books had caught up {} s after the rounds' ends", settled.join(", "));
    Ok(vec![compare("create", "1/s", &ours, &limit, Goal::RatioAtLeast(0.8))?.with_note(note)])
}

async fn our_round(world: &mut World<'_>, first: u64) -> Result<Tally> {
    let round = world.arguments.round;
    let company = world.main().await?;
    let crowd = Crowd { address: company.serving.address, connections: CONNECTIONS, expected: 201, per_second: None };
    crowd.ask_for(round, creations(company, first)).await
}

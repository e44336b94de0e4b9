//! Tasks completed a second over HTTP, each answered after its durable commit; against one prepared call that writes the same.

use crate::cpu::CpuSeconds;
use crate::crowd::{Crowd, Tally};
use crate::error::Result;
use crate::limits::Limit;
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::work::{completions, open_tasks};
use crate::world::{CONNECTIONS, Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/complete.sql");
/// More than any round gets through.
const TASKS_PER_SECOND_MAX: u64 = 20_000;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let server = world.server;
    let mut limit_on = Limit::of_tracker(server, world.main().await?, LIMIT).await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut settled_s = Vec::new();
    for _ in 0..world.arguments.rounds {
        world.server.checkpoint().await?;
        let (tally, cpu) = our_round(world).await?;
        ours.note(&tally, cpu);
        settled_s.push(world.main().await?.settle().await?.as_secs_f64());

        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = limit_round(world, &mut limit_on).await?;
        limit.note(&tally, world.cpu()? - before);
    }
    let settled: Vec<String> = settled_s.iter().map(|seconds| format!("{seconds:.1}")).collect();
    let note = format!("the books had caught up {} s after the rounds' ends", settled.join(", "));
    Ok(vec![compare("complete", "1/s", &ours, &limit, Goal::RatioAtLeast(1.0))?.with_note(note)])
}

async fn our_round(world: &mut World<'_>) -> Result<(Tally, CpuSeconds)> {
    let round = world.arguments.round;
    let company = world.main().await?;
    let tasks = open_tasks(company, round.as_secs() * TASKS_PER_SECOND_MAX).await?;
    let next = completions(company, tasks);
    let crowd = Crowd { address: company.serving.address, connections: CONNECTIONS, expected: 200, per_second: None };
    let before = world.cpu()?;
    let tally = crowd.ask_for(round, next).await?;
    Ok((tally, world.cpu()? - before))
}

async fn limit_round(world: &World<'_>, limit: &mut Limit) -> Result<Tally> {
    let first = limit.session.value("select min(number) from load.still_open").await?;
    Bench {
        server: world.server,
        database: &limit.database,
        connections: CONNECTIONS,
        length: world.length(),
        script: "select load.complete_task(:place);",
        first,
    }
    .run()
    .await
}

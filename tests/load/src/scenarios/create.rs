//! Tasks created a second over HTTP; against one prepared call that writes the same.

use std::rc::Rc;

use crate::client::write_request;
use crate::crowd::{Tally, flood};
use crate::error::Result;
use crate::installation::{Installation, limit_of, title, tracker};
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::sql::Session;
use crate::world::{CONNECTIONS, Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/create.sql");
/// Titles begin with numbers that no imported task has, other ones in each round.
const FIRST: u64 = 100_000_000;
const PER_ROUND: u64 = 1_000_000;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let limit_database = tracker(&limit_of(&world.main().await?.name));
    Session::open(world.server, &limit_database)?.run(LIMIT).await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut settled_s = Vec::new();
    for number in 0..u64::from(world.arguments.rounds) {
        let first = FIRST + number * PER_ROUND;
        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = create_all(world, first).await?;
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

async fn create_all(world: &mut World<'_>, first: u64) -> Result<Tally> {
    let round = world.arguments.round;
    let Installation { serving, staff, .. } = world.main().await?;
    let bearers: Rc<[String]> = staff.workers.iter().map(|person| person.bearer.clone()).collect();
    let mut place = first;
    let next = move |request: &mut Vec<u8>| {
        let body = format!(r#"{{"title":"{}"}}"#, title(place));
        let worker = usize::try_from(place).unwrap_or_default() % bearers.len();
        write_request(request, "POST", "/api/v1/tasks", &bearers[worker], &body);
        place += 1;
        true
    };
    flood(serving.address, CONNECTIONS, round, 201, next).await
}

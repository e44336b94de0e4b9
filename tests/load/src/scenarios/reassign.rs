//! All open tasks drawn anew, to the end, every fee charged; against one statement in each database that writes the same.

use std::time::{Duration, Instant};

use crate::cpu::CpuSeconds;
use crate::crowd::Tally;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::report::{Goal, Row};
use crate::runs::Run;
use crate::world::{Rounds, World, compare};

const TASKS: &str = include_str!("../../limits/reassign_tasks.sql");
const FEES: &str = include_str!("../../limits/reassign_fees.sql");
/// Added to the number of a round: no task is assigned so often otherwise.
const FIRST_ASSIGNMENT: u32 = 50;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let server = world.server;
    let company = world.main().await?;
    let mut tracker = Limit::of_tracker(server, company, "").await?;
    let mut accounting = Limit::of_accounting(server, company, "").await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut notes = Vec::new();
    for round in 0..world.arguments.rounds {
        server.checkpoint().await?;
        let (tally, drawn, cpu) = our_round(world).await?;
        ours.note(&tally, cpu);
        let (drawn_s, charged_s) = (drawn.as_secs_f64(), tally.elapsed.as_secs_f64());
        notes.push(format!("{} tasks drawn in {drawn_s:.1} s, charged after {charged_s:.1} s", tally.answered));

        server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = limit_round(&mut tracker, &mut accounting, FIRST_ASSIGNMENT + round).await?;
        limit.note(&tally, world.cpu()? - before);
    }
    Ok(vec![compare("reassign", "1/s", &ours, &limit, Goal::RatioAtLeast(0.5))?.with_note(notes.join("; "))])
}

/// What it came to, how long the draws alone took, and what it cost.
async fn our_round(world: &mut World<'_>) -> Result<(Tally, Duration, CpuSeconds)> {
    let before = world.cpu()?;
    let company = world.main().await?;
    let booked = company.booked().await?;
    let began = Instant::now();
    let drawn = Run::request(company).await?.finish().await?;
    let drawn_in = began.elapsed();
    company.wait_booked(booked + drawn).await?;
    let elapsed = began.elapsed();
    company.settle().await?;
    Ok((tally(drawn, elapsed)?, drawn_in, world.cpu()? - before))
}

/// Both databases at the same time, as the program uses them.
async fn limit_round(tracker: &mut Limit, accounting: &mut Limit, assignment: u32) -> Result<Tally> {
    let tasks: i64 = tracker.session.value("select count(*) from tasks.open_tasks").await?;
    let fees = FEES.replace(":count", &tasks.to_string()).replace(":assignment", &assignment.to_string());
    let began = Instant::now();
    tokio::try_join!(tracker.session.run(TASKS), accounting.session.run(&fees))?;
    tally(tasks, began.elapsed())
}

fn tally(tasks: i64, elapsed: Duration) -> Result<Tally> {
    let answered = u64::try_from(tasks).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Tally { answered, elapsed, ..Tally::default() })
}

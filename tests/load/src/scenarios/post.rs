//! From event to ledger: how many rewards and fees are booked a second out of an outbox that is full; against the same transfers
//! written by one call a batch, and by one call each.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::cpu::CpuSeconds;
use crate::crowd::Tally;
use crate::error::{Error, Result, failed};
use crate::installation::{Installation, accounting, title, write_lines};
use crate::limits::Limit;
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::server::Server;
use crate::sql::Session;
use crate::world::{Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/post.sql");
const COMPLETE_MANY: &str = include_str!("../../limits/complete_many.sql");
/// What the limit books at once.
const BATCH: u32 = 1_000;
/// Titles of the tasks imported here are numbered from here on.
const FIRST: u64 = 200_000_000;
/// The program's own patience for a lock is 20 s; a backlog has to be made in less.
const BACKLOG_DEADLINE: Duration = Duration::from_secs(18);
/// No round makes more calls, so that each has numbers of its own.
const CALLS_PER_ROUND: i64 = 1_000_000;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The two ways in which transfers come.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// An event for each, as completions over HTTP tell them.
    Rewards,
    /// Hundreds in an event, as an import tells them.
    Fees,
}

impl Kind {
    const fn function(self) -> &'static str {
        match self {
            Self::Rewards => "load.post_rewards",
            Self::Fees => "load.post_fees",
        }
    }
}

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let server = world.server;
    let limit_database = Limit::of_accounting(server, world.main().await?, LIMIT).await?.database;
    let backlog = if world.arguments.short { 1_000 } else { 50_000 };
    let mut rows = Vec::new();
    let mut first = 0;
    for (what, kind) in [("post rewards", Kind::Rewards), ("post fees", Kind::Fees)] {
        let (mut ours, mut limit, mut single) = (Rounds::default(), Rounds::default(), Rounds::default());
        for round in 0..u64::from(world.arguments.rounds) {
            let titles = FIRST + round * backlog;
            world.server.checkpoint().await?;
            let (tally, cpu) = our_round(world, kind, titles, backlog).await?;
            ours.note(&tally, cpu);

            world.server.checkpoint().await?;
            for (rounds, size) in [(&mut limit, BATCH), (&mut single, 1)] {
                first += 1;
                let before = world.cpu()?;
                let tally = limit_round(world, &limit_database, kind, size, first).await?;
                rounds.note(&tally, world.cpu()? - before);
            }
        }
        rows.push(compare(what, "1/s", &ours, &limit, Goal::RatioAtLeast(0.6))?);
        let mut row = compare(&format!("{what}, singly"), "1/s", &ours, &single, Goal::RatioAtLeast(10.0))?;
        row.cpu = None;
        rows.push(row.with_note("the limit is one call, one commit, a transfer"));
    }
    Ok(rows)
}

/// Makes a backlog while the program waits for a lock on its inbox, then lets it go.
async fn our_round(world: &mut World<'_>, kind: Kind, titles: u64, backlog: u64) -> Result<(Tally, CpuSeconds)> {
    let server = world.server;
    let company = world.main().await?;
    company.settle().await?;
    let booked = company.booked().await?;
    let mut lock = Session::open(server, &accounting(&company.name))?;
    let locked = Instant::now();
    lock.run("begin; lock table accounting.inbox in share mode").await?;
    match kind {
        Kind::Rewards => company.tracker.run(&COMPLETE_MANY.replace(":count", &backlog.to_string())).await?,
        Kind::Fees => import_and_leave(server, company, titles..titles + backlog).await?,
    }
    // From here on nothing but booking is measured: the program has seen that there is something.
    while company.accounting.value::<i64>(WAITING_FOR_INBOX).await? == 0 {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let waiting: i64 = company.tracker.value(TRANSFERS_TO_BOOK).await?;
    if locked.elapsed() > BACKLOG_DEADLINE {
        return failed("the disk is too slow to make a backlog in time");
    }
    let before = world.cpu()?;
    let began = Instant::now();
    lock.run("commit").await?;
    world.main().await?.wait_booked(booked + waiting).await?;
    let elapsed = began.elapsed();
    let cpu = world.cpu()? - before;
    let answered = u64::try_from(waiting).map_err(|error| Error::Failed(error.to_string()))?;
    Ok((Tally { answered, elapsed, ..Tally::default() }, cpu))
}

const TRANSFERS_TO_BOOK: &str = "select coalesce(sum(weight), 0) from tasks.outbox";
const WAITING_FOR_INBOX: &str =
    "select count(*) from pg_locks where relation = 'accounting.inbox'::regclass and not granted";

/// Imports tasks, and kills the import as soon as they are committed: what it has not told, the program tells.
async fn import_and_leave(server: &Server, company: &mut Installation, titles: Range<u64>) -> Result<()> {
    let tasks = titles.end - titles.start;
    let program = company.program.clone();
    let file = server.directory().join("post.csv");
    write_lines(&file, std::iter::once("title".to_owned()).chain(titles.map(title)))?;
    let path = file.display().to_string();
    let arguments = ["import", "tasks", path.as_str()];
    let committed = async {
        while company.tracker.value::<u64>(TRANSFERS_TO_BOOK).await? < tasks {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok::<(), Error>(())
    };
    tokio::select! {
        // It cannot end well while nobody listens.
        printed = program.run(&arguments) => return failed(format!("the import ended: {}", printed?)),
        committed = committed => committed?,
    }
    // The server would not notice before the lock is free; the program just tries again.
    let waiters = "select pg_terminate_backend(pid)
         from pg_locks
         where relation = 'accounting.inbox'::regclass and not granted";
    company.accounting.run(waiters).await
}

async fn limit_round(world: &World<'_>, database: &str, kind: Kind, size: u32, round: i64) -> Result<Tally> {
    let function = kind.function();
    let bench = Bench {
        server: world.server,
        database,
        connections: 1,
        length: world.length(),
        script: &format!("select {function}(:place, {size});"),
        first: round * CALLS_PER_ROUND,
    };
    let mut tally = bench.run().await?;
    tally.answered *= u64::from(size);
    Ok(tally)
}

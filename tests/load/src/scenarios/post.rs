//! Measures the rewards and fees that are booked a second from a full outbox, from the event to the
//! ledger. There are two baselines: one call for a batch of the same transfers, and one call for
//! each transfer.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::baseline::Baseline;
use crate::environment::Environment;
use crate::error::{Error, Result, failed};
use crate::generator::Measurement;
use crate::installation::{Installation, accounting, title, write_lines};
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::resources::CpuSeconds;
use crate::rounds::{Rounds, compare};
use crate::server::Server;

/// The baseline's statements.
const BASELINE: &str = include_str!("../../baseline/post.sql");

/// Number of transfers that one call of the baseline books.
const BATCH: u32 = 1_000;

/// The number in the first title of the imported tasks.
const FIRST_TITLE: u64 = 200_000_000;

/// Maximum time to create the backlog. It is less than the program's `lock_timeout` of 20 s.
const BACKLOG_DEADLINE: Duration = Duration::from_secs(18);

/// More calls than any round makes. Each round has numbers of its own.
const CALLS_PER_ROUND: i64 = 1_000_000;

/// The pause between two checks of the database.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The two kinds of transfers.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// One event for each reward, as completions over HTTP publish them.
    Rewards,
    /// Hundreds of fees in an event, as an import publishes them.
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

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let server = environment.server;
    let database = Baseline::in_accounting(server, environment.main().await?, BASELINE).await?.database;
    let backlog = if environment.arguments.short { 1_000 } else { 50_000 };
    let mut rows = Vec::new();
    let mut first = 0;
    for (name, kind) in [("post rewards", Kind::Rewards), ("post fees", Kind::Fees)] {
        let (mut measured, mut batched, mut single) = (Rounds::default(), Rounds::default(), Rounds::default());
        for round in 0..u64::from(environment.arguments.rounds) {
            let titles = FIRST_TITLE + round * backlog;
            environment.server.checkpoint().await?;
            let (measurement, cpu) = measure(environment, kind, titles, backlog).await?;
            measured.record(&measurement, cpu);

            environment.server.checkpoint().await?;
            for (rounds, size) in [(&mut batched, BATCH), (&mut single, 1)] {
                first += 1;
                let before = environment.cpu()?;
                let measurement = measure_baseline(environment, &database, kind, size, first).await?;
                rounds.record(&measurement, environment.cpu()? - before);
            }
        }
        rows.push(compare(name, "1/s", &measured, &batched, Goal::RatioAtLeast(0.6))?);
        let mut row = compare(&format!("{name}, singly"), "1/s", &measured, &single, Goal::RatioAtLeast(10.0))?;
        row.cpu = None;
        rows.push(row.with_note("the baseline is one call and one commit for each transfer"));
    }
    Ok(rows)
}

/// Creates a backlog while the program waits for a lock on its inbox, then releases the lock.
async fn measure(
    environment: &mut Environment<'_>,
    kind: Kind,
    titles: u64,
    backlog: u64,
) -> Result<(Measurement, CpuSeconds)> {
    let server = environment.server;
    let installation = environment.main().await?;
    installation.wait_until_delivered().await?;
    let transfers = installation.count_transfers().await?;
    let mut lock = server.open_session(&accounting(&installation.name))?;
    let locked = Instant::now();
    lock.run("begin; lock table accounting.inbox in share mode").await?;
    match kind {
        Kind::Rewards => installation.complete_tasks(backlog).await?,
        Kind::Fees => import_until_committed(server, installation, titles..titles + backlog).await?,
    }
    // Only the booking is measured: the program has read the first events and waits for the lock.
    while installation.accounting.value::<i64>(WAITING_FOR_INBOX).await? == 0 {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let waiting: i64 = installation.tracker.value(TRANSFERS_TO_BOOK).await?;
    if locked.elapsed() > BACKLOG_DEADLINE {
        return failed("the disk is too slow to create the backlog in time");
    }
    let before = environment.cpu()?;
    let start = Instant::now();
    lock.run("commit").await?;
    environment.main().await?.wait_for_transfers(transfers + waiting).await?;
    let elapsed = start.elapsed();
    let cpu = environment.cpu()? - before;
    let answered = u64::try_from(waiting).map_err(|error| Error::Failed(error.to_string()))?;
    Ok((Measurement { answered, elapsed, ..Measurement::default() }, cpu))
}

/// Counts the transfers that the events in the outbox ask for. A record of the audit trail asks for
/// none.
const TRANSFERS_TO_BOOK: &str =
    "select coalesce(sum(weight), 0) from tasks.outbox where event ->> 'type' not like '%audit%'";

/// Counts the sessions that wait for the lock on the inbox.
const WAITING_FOR_INBOX: &str =
    "select count(*) from pg_locks where relation = 'accounting.inbox'::regclass and not granted";

/// Imports tasks, and kills the import as soon as they are committed. The program publishes the
/// events that the import has not published.
async fn import_until_committed(server: &Server, installation: &mut Installation, titles: Range<u64>) -> Result<()> {
    let tasks = titles.end - titles.start;
    let program = installation.program.clone();
    let file = server.directory().join("post.csv");
    write_lines(&file, std::iter::once("title".to_owned()).chain(titles.map(title)))?;
    let path = file.display().to_string();
    let arguments = ["import", "tasks", path.as_str()];
    let committed = async {
        while installation.tracker.value::<u64>(TRANSFERS_TO_BOOK).await? < tasks {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok::<(), Error>(())
    };
    tokio::select! {
        // The import cannot succeed while no event is applied.
        printed = program.run(&arguments) => return failed(format!("the import ended: {}", printed?)),
        committed = committed => committed?,
    }
    // The sessions of the killed import would wait for the lock. The program retries.
    let waiters = "select pg_terminate_backend(pid)
         from pg_locks
         where relation = 'accounting.inbox'::regclass and not granted";
    installation.accounting.run(waiters).await
}

async fn measure_baseline(
    environment: &Environment<'_>,
    database: &str,
    kind: Kind,
    size: u32,
    round: i64,
) -> Result<Measurement> {
    let function = kind.function();
    let bench = Bench {
        server: environment.server,
        database,
        connections: 1,
        length: environment.length(),
        script: &format!("select {function}(:number, {size});"),
        first: round * CALLS_PER_ROUND,
    };
    let mut measurement = bench.run().await?;
    measurement.answered *= u64::from(size);
    Ok(measurement)
}

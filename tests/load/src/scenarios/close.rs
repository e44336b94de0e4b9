//! A day closed that pays a hundred thousand wallets and queues as many mails; against one statement that writes the same. Each round
//! is on a copy of the same evening.

use std::time::{Duration, Instant};

use crate::client::{Connection, write_request};
use crate::cpu::{CpuSeconds, cpu_seconds};
use crate::crowd::Tally;
use crate::error::{Error, Result, failed};
use crate::installation::{Installation, accounting, program_for, tracker, write_lines};
use crate::limits::LEDGER;
use crate::report::{Goal, Row};
use crate::server::Server;
use crate::sql::Session;
use crate::world::{Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/close.sql");
const COMPLETE_MANY: &str = include_str!("../../limits/complete_many.sql");
const EVENING: &str = "close";
/// A fee so small that whoever completed one task is paid, whatever else was assigned to them.
const FEES: [(&str, &str); 2] =
    [("PIECEWORK__ACCOUNTING__PRICING__FEE_MIN", "1"), ("PIECEWORK__ACCOUNTING__PRICING__FEE_MAX", "1")];
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(600);

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    // Of so many people, each with one task on average, 63 in 100 have one to complete.
    let people = if world.arguments.short { 1_000 } else { 160_000 };
    world.progress.say(&format!("an evening on which {people} people have worked"));
    let bearer = prepare(world, people).await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut paid = 0;
    for _ in 0..world.arguments.rounds {
        let (tally, cpu) = our_round(world, &bearer).await?;
        paid = tally.answered;
        ours.note(&tally, cpu);
        let before = cpu_seconds(&[], world.server.postmaster());
        let tally = limit_round(world.server).await?;
        limit.note(&tally, cpu_seconds(&[], world.server.postmaster()) - before);
    }
    let note = format!("{paid} wallets, until the last mail was queued");
    Ok(vec![compare("close", "1/s", &ours, &limit, Goal::RatioAtLeast(0.6))?.with_note(note)])
}

/// People who have completed tasks, and nobody connected; what an admin says who they are with.
async fn prepare(world: &World<'_>, people: u64) -> Result<String> {
    let server = world.server;
    let mut program = program_for(server, &world.program, EVENING).await?;
    program.settings.extend(FEES.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut company = Installation::open(server, program, EVENING, 0).await?;
    let file = server.directory().join("people.csv");
    let line = |number| format!("worker{number}@example.org,Worker {number},worker");
    write_lines(&file, std::iter::once("email,name,role".to_owned()).chain((0..people).map(line)))?;
    company.program.run(&["import", "people", &file.display().to_string()]).await?;
    company.settle().await?;
    company.import_tasks(server, 0..people).await?;
    company.settle().await?;
    company.tracker.run(&COMPLETE_MANY.replace(":count", &people.to_string())).await?;
    company.settle().await?;
    company.accounting.run(LEDGER).await?;
    let bearer = company.staff.admin.bearer.clone();
    company.leave().await?;
    Ok(bearer)
}

/// Copies the evening; the name of the copy.
async fn copy_evening(server: &Server) -> Result<&'static str> {
    let name = "close_round";
    for (from, to) in [(tracker(EVENING), tracker(name)), (accounting(EVENING), accounting(name))] {
        server.drop_database(&to).await?;
        server.copy_database(&from, &to).await?;
    }
    server.checkpoint().await?;
    Ok(name)
}

async fn our_round(world: &mut World<'_>, bearer: &str) -> Result<(Tally, CpuSeconds)> {
    let server = world.server;
    let name = copy_evening(server).await?;
    let program = program_for(server, &world.program, name).await?;
    let mut books = Session::open(server, &accounting(name))?;
    let day: String = books.value("select business_day from accounting.days where closed_at is null").await?;
    let serving = program.serve().await?;
    let mut connection = Connection::open(serving.address).await?;
    let mut request = Vec::new();
    write_request(&mut request, "POST", &format!("/api/v1/days/{day}/close"), bearer, "");
    let app = [serving.pid()?];
    let before = cpu_seconds(&app, server.postmaster());
    let began = Instant::now();
    // Who waits for longer than requests may take is told so, and the close goes on.
    let status = connection.send(&request).await?.status;
    if !matches!(status, 200 | 504) {
        return failed(format!("closing the day was answered with {status}"));
    }
    let closed = format!(
        "select count(*) from accounting.days
         where business_day = '{day}' and closed_at is not null and not exists (select from accounting.outbox)"
    );
    while books.value::<i64>(&closed).await? == 0 {
        if began.elapsed() > DEADLINE {
            return failed("the day is not closed, or mails are not queued");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let elapsed = began.elapsed();
    let cpu = cpu_seconds(&app, server.postmaster()) - before;
    world.note_memory("close", app[0])?;
    serving.stop().await?;
    let report = program.run(&["verify"]).await?;
    if report["findings"].as_array().is_none_or(|findings| !findings.is_empty()) {
        return failed(format!("`verify` does not hold after a close: {report}"));
    }
    Ok((tally(&mut books, elapsed).await?, cpu))
}

async fn limit_round(server: &Server) -> Result<Tally> {
    let mut books = Session::open(server, &accounting(copy_evening(server).await?))?;
    let began = Instant::now();
    books.run(LIMIT).await?;
    let elapsed = began.elapsed();
    tally(&mut books, elapsed).await
}

/// As many as were paid, who are as many as get a mail.
async fn tally(books: &mut Session, elapsed: Duration) -> Result<Tally> {
    let answered: u64 = books.value("select count(*) from email.mails").await?;
    let payouts: u64 = books.value("select sum(payouts)::bigint from accounting.days").await?;
    if answered == 0 || answered != payouts {
        return Err(Error::Failed(format!("{payouts} payouts and {answered} mails")));
    }
    Ok(Tally { answered, elapsed, ..Tally::default() })
}

//! Measures the close of a business day that pays a hundred thousand wallets and queues as many
//! mails. The baseline is one statement that writes the same rows. Each round starts from a copy of
//! the same databases.

use std::time::{Duration, Instant};

use crate::baseline::LEDGER;
use crate::client::{Connection, write_request};
use crate::environment::Environment;
use crate::error::{Error, Result, failed};
use crate::generator::Measurement;
use crate::installation::{Installation, accounting, program_for, tracker, write_lines};
use crate::report::{Goal, Row};
use crate::resources::{CpuSeconds, cpu_seconds};
use crate::rounds::{Rounds, compare};
use crate::server::Server;
use crate::sql::Session;

/// The baseline's statements.
const BASELINE: &str = include_str!("../../baseline/close.sql");

/// The installation that every round copies.
const TEMPLATE: &str = "close";

/// Fees so small that every person who has completed a task has a positive balance.
const FEES: [(&str, &str); 2] =
    [("PIECEWORK__ACCOUNTING__PRICING__FEE_MIN", "1"), ("PIECEWORK__ACCOUNTING__PRICING__FEE_MAX", "1")];

/// The pause between two checks whether the day is closed.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Maximum time until the day is closed and all mails are queued.
const DEADLINE: Duration = Duration::from_secs(600);

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    // Each person has one task on average, and 63 in 100 have at least one.
    let people = if environment.arguments.short { 1_000 } else { 160_000 };
    environment.progress.show(&format!("creating an installation in which {people} people have worked"));
    let bearer = prepare(environment, people).await?;
    let (mut measured, mut baseline) = (Rounds::default(), Rounds::default());
    let mut paid = 0;
    for _ in 0..environment.arguments.rounds {
        let (measurement, cpu) = measure(environment, &bearer).await?;
        paid = measurement.answered;
        measured.record(&measurement, cpu);
        let before = cpu_seconds(&[], environment.server.postmaster());
        let measurement = measure_baseline(environment.server).await?;
        baseline.record(&measurement, cpu_seconds(&[], environment.server.postmaster()) - before);
    }
    let note = format!("{paid} wallets, until the last mail was queued");
    Ok(vec![compare("close", "1/s", &measured, &baseline, Goal::RatioAtLeast(0.6))?.with_note(note)])
}

/// Creates the databases of `TEMPLATE`, with people who have completed tasks, and stops the
/// program. Returns the header that authenticates the admin.
async fn prepare(environment: &Environment<'_>, people: u64) -> Result<String> {
    let server = environment.server;
    let mut program = program_for(server, &environment.program, TEMPLATE).await?;
    program.settings.extend(FEES.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut installation = Installation::create_without_tasks(server, program, TEMPLATE, 0).await?;
    let file = server.directory().join("people.csv");
    let line = |number| format!("worker{number}@example.org,Worker {number},worker");
    write_lines(&file, std::iter::once("email,name,role".to_owned()).chain((0..people).map(line)))?;
    installation.program.run(&["import", "people", &file.display().to_string()]).await?;
    installation.wait_until_delivered().await?;
    installation.import_tasks(server, 0..people).await?;
    installation.wait_until_delivered().await?;
    installation.complete_tasks(people).await?;
    installation.wait_until_delivered().await?;
    installation.accounting.run(LEDGER).await?;
    let bearer = installation.people.admin.bearer.clone();
    installation.shut_down().await?;
    Ok(bearer)
}

/// Copies the databases of `TEMPLATE`. Returns the name of the copy.
async fn copy_template(server: &Server) -> Result<&'static str> {
    let name = "close_round";
    for (from, to) in [(tracker(TEMPLATE), tracker(name)), (accounting(TEMPLATE), accounting(name))] {
        server.drop_database(&to).await?;
        server.copy_database(&from, &to).await?;
    }
    server.checkpoint().await?;
    Ok(name)
}

async fn measure(environment: &mut Environment<'_>, bearer: &str) -> Result<(Measurement, CpuSeconds)> {
    let server = environment.server;
    let name = copy_template(server).await?;
    let program = program_for(server, &environment.program, name).await?;
    let mut database = server.open_session(&accounting(name))?;
    let day: String = database.value("select business_day from accounting.days where closed_at is null").await?;
    let process = program.serve().await?;
    let mut connection = Connection::open(process.address).await?;
    let mut request = Vec::new();
    write_request(&mut request, "POST", &format!("/api/v1/days/{day}/close"), bearer, "");
    let app = [process.pid()?];
    let before = cpu_seconds(&app, server.postmaster());
    let start = Instant::now();
    // After the timeout of the request the answer is 504, and the close continues.
    let status = connection.send(&request).await?.status;
    if !matches!(status, 200 | 504) {
        return failed(format!("the answer to the close has the status {status}"));
    }
    let closed = format!(
        "select count(*) from accounting.days
         where business_day = '{day}' and closed_at is not null and not exists (select from accounting.outbox)"
    );
    while database.value::<i64>(&closed).await? == 0 {
        if start.elapsed() > DEADLINE {
            return failed("the day was not closed, or mails were not queued, in time");
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    let elapsed = start.elapsed();
    let cpu = cpu_seconds(&app, server.postmaster()) - before;
    environment.record_memory("close", app[0])?;
    process.stop().await?;
    let report = program.run(&["verify"]).await?;
    if report["findings"].as_array().is_none_or(|findings| !findings.is_empty()) {
        return failed(format!("`verify` failed after a close: {report}"));
    }
    Ok((measurement(&mut database, elapsed).await?, cpu))
}

async fn measure_baseline(server: &Server) -> Result<Measurement> {
    let mut database = server.open_session(&accounting(copy_template(server).await?))?;
    let start = Instant::now();
    database.run(BASELINE).await?;
    let elapsed = start.elapsed();
    measurement(&mut database, elapsed).await
}

/// Counts the payouts, and checks that each has a mail.
async fn measurement(database: &mut Session, elapsed: Duration) -> Result<Measurement> {
    let answered: u64 = database.value("select count(*) from email.mails").await?;
    let payouts: u64 = database.value("select sum(payouts)::bigint from accounting.days").await?;
    if answered == 0 || answered != payouts {
        return Err(Error::Failed(format!("{payouts} payouts and {answered} mails")));
    }
    Ok(Measurement { answered, elapsed, ..Measurement::default() })
}

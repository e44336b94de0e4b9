//! Measures the latency of every analytics answer at a million transfers while tasks are completed.
//! The baseline is the same at ten thousand transfers.

use std::time::Duration;

use crate::client::write_request;
use crate::environment::Environment;
use crate::error::{Result, failed};
use crate::generator::Generator;
use crate::installation::Installation;
use crate::reassignment::Reassignment;
use crate::report::{Goal, Row};
use crate::requests::{completions, list_open_tasks};
use crate::rounds::{Rounds, compare, record_p99s};
use crate::statistics::Latencies;

/// The rate at which tasks are completed meanwhile.
const COMPLETIONS_PER_SECOND: f64 = 100.0;

/// Number of connections that complete tasks.
const COMPLETION_CONNECTIONS: usize = 4;

/// Number of transfers with `--large`.
const LARGE_TRANSFERS: i64 = 10_000_000;

/// The names and paths of the requests.
const REQUESTS: [(&str, &str); 6] = [
    ("summary", "summary"),
    ("earnings", "earnings?from={first}&to={today}"),
    ("below zero", "wallets-below-zero?from={first}&to={today}"),
    ("top task of a day", "top-tasks?period=day&date={today}"),
    ("top task of a week", "top-tasks?period=week&date={today}"),
    ("top task of a month", "top-tasks?period=month&date={today}"),
];

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    if environment.arguments.large {
        let installation = environment.main().await?;
        while installation.count_transfers().await? < LARGE_TRANSFERS {
            Reassignment::request(installation).await?.finish().await?;
            installation.wait_until_delivered().await?;
        }
    }
    let round = environment.arguments.round;
    let mut large: [Rounds; REQUESTS.len()] = Default::default();
    let mut small: [Rounds; REQUESTS.len()] = Default::default();
    environment.small().await?;
    for _ in 0..environment.arguments.rounds {
        let before = environment.cpu()?;
        let latencies = measure(environment.main().await?, round).await?;
        record_p99s(&mut large, &latencies, environment.cpu()? - before)?;
        let before = environment.cpu()?;
        let latencies = measure(environment.small().await?, round).await?;
        record_p99s(&mut small, &latencies, environment.cpu()? - before)?;
    }
    let mut rows = Vec::new();
    for (((name, _), large), small) in REQUESTS.iter().zip(&large).zip(&small) {
        rows.push(compare(&format!("dashboard {name}, p99"), "ms", large, small, Goal::RatioAtMost(1.5))?);
    }
    let slowest = rows.iter().map(|row| row.measured).max_by(|one, other| one.median.total_cmp(&other.median));
    let Some(slowest) = slowest else { return failed("no request was sent") };
    let transfers = environment.main().await?.count_transfers().await?;
    let note = format!("the slowest answer at {transfers} transfers; the baseline of the rows above is 10,000");
    rows.push(Row::new("dashboard, p99 itself", "ms", slowest, None, Goal::AtMost(20.0)).with_note(note));
    Ok(rows)
}

/// Sends one kind of request after the other, half a round each, over one connection.
async fn measure(installation: &mut Installation, round: Duration) -> Result<Vec<Latencies>> {
    let paths = paths(installation).await?;
    let part = round / 2;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the value is some thousands"
    )]
    let tasks = (part.as_secs_f64() * paths.len() as f64 * COMPLETIONS_PER_SECOND) as u64 * 2;
    let tasks = list_open_tasks(installation, tasks).await?;
    let completing = Generator {
        address: installation.process.address,
        connections: COMPLETION_CONNECTIONS,
        expected_status: 200,
        per_second: Some(COMPLETIONS_PER_SECOND),
    };
    let reading = Generator { connections: 1, per_second: None, ..completing };
    let bearer = installation.people.admin.bearer.clone();
    let reads = async {
        let mut latencies = Vec::new();
        for path in paths {
            let bearer = bearer.clone();
            let source = move |request: &mut Vec<u8>| {
                write_request(request, "GET", &path, &bearer, "");
                true
            };
            latencies.push(reading.send_for(part, source).await?.latencies);
        }
        Ok(latencies)
    };
    let (_, latencies) = completing.send_while(completions(installation, tasks), reads).await?;
    installation.wait_until_delivered().await?;
    Ok(latencies)
}

async fn paths(installation: &mut Installation) -> Result<Vec<String>> {
    let first: String = installation.accounting.value("select min(business_day) from accounting.days").await?;
    let today: String = installation.accounting.value("select max(business_day) from accounting.days").await?;
    let path = |(_, path): &(&str, &str)| {
        format!("/api/v1/analytics/{}", path.replace("{first}", &first).replace("{today}", &today))
    };
    Ok(REQUESTS.iter().map(path).collect())
}

//! Every analytics answer where a million transfers are, and where ten thousand are, while tasks are completed.

use std::time::Duration;

use crate::client::write_request;
use crate::crowd::{Crowd, Next, Tally};
use crate::error::Result;
use crate::installation::Installation;
use crate::report::{Goal, Row};
use crate::runs::Run;
use crate::statistics::Latencies;
use crate::work::{completions, open_tasks};
use crate::world::{World, p99_ms, spread};

const COMPLETIONS_PER_SECOND: f64 = 100.0;
const COMPLETERS: usize = 4;
const LARGE_TRANSFERS: i64 = 10_000_000;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    if world.arguments.large {
        let company = world.main().await?;
        while company.booked().await? < LARGE_TRANSFERS {
            Run::request(company).await?.finish().await?;
            company.settle().await?;
        }
    }
    let (mut large_p99, mut small_p99, mut all) = (Vec::new(), Vec::new(), Latencies::default());
    let round = world.arguments.round;
    world.small().await?;
    for _ in 0..world.arguments.rounds {
        let tally = ask(world.main().await?, round).await?;
        all.extend(&tally.latencies);
        large_p99.push(p99_ms(&tally.latencies)?);
        small_p99.push(p99_ms(&ask(world.small().await?, round).await?.latencies)?);
    }
    let transfers = world.main().await?.booked().await?;
    let (large, small) = (spread(&large_p99)?, spread(&small_p99)?);
    let mut ratio = Row::new("dashboard, p99", "ms", large, Some(small), Goal::RatioAtMost(1.5));
    ratio.latency = all.percentiles();
    let note = format!("at {transfers} transfers; the limit is that of 10,000");
    Ok(vec![ratio.with_note(note), Row::new("dashboard, p99 itself", "ms", large, None, Goal::AtMost(20.0))])
}

/// The four questions in turn, on one connection.
async fn ask(company: &mut Installation, round: Duration) -> Result<Tally> {
    let questions = questions(company).await?;
    let seconds = round.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundreds")]
    let tasks = open_tasks(company, (seconds * COMPLETIONS_PER_SECOND) as u64 * 2).await?;
    let completing = Crowd {
        address: company.serving.address,
        connections: COMPLETERS,
        expected: 200,
        per_second: Some(COMPLETIONS_PER_SECOND),
    };
    let asking = Crowd { connections: 1, per_second: None, ..completing };
    let (_, tally) = completing.ask_while(completions(company, tasks), asking.ask_for(round, questions)).await?;
    company.settle().await?;
    Ok(tally)
}

async fn questions(company: &mut Installation) -> Result<impl Next + use<>> {
    let today: String = company.accounting.value("select max(business_day) from accounting.days").await?;
    let range = "select min(business_day) from accounting.days";
    let from: String = company.accounting.value(range).await?;
    let paths = [
        "/api/v1/analytics/summary".to_owned(),
        format!("/api/v1/analytics/earnings?from={from}&to={today}"),
        format!("/api/v1/analytics/wallets-below-zero?from={from}&to={today}"),
        format!("/api/v1/analytics/top-tasks?period=month&date={today}"),
    ];
    let bearer = company.staff.admin.bearer.clone();
    let mut turns = paths.into_iter().cycle();
    Ok(move |request: &mut Vec<u8>| {
        let Some(path) = turns.next() else { return false };
        write_request(request, "GET", &path, &bearer, "");
        true
    })
}

//! Every analytics answer where a million transfers are, and where ten thousand are, while tasks are completed.

use std::time::Duration;

use crate::client::write_request;
use crate::crowd::Crowd;
use crate::error::{Result, failed};
use crate::installation::Installation;
use crate::report::{Goal, Row};
use crate::runs::Run;
use crate::statistics::Latencies;
use crate::work::{completions, open_tasks};
use crate::world::{Rounds, World, compare, note_p99s};

const COMPLETIONS_PER_SECOND: f64 = 100.0;
const COMPLETERS: usize = 4;
const LARGE_TRANSFERS: i64 = 10_000_000;
const QUESTIONS: [(&str, &str); 6] = [
    ("summary", "summary"),
    ("earnings", "earnings?from={first}&to={today}"),
    ("below zero", "wallets-below-zero?from={first}&to={today}"),
    ("top task of a day", "top-tasks?period=day&date={today}"),
    ("top task of a week", "top-tasks?period=week&date={today}"),
    ("top task of a month", "top-tasks?period=month&date={today}"),
];

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    if world.arguments.large {
        let company = world.main().await?;
        while company.booked().await? < LARGE_TRANSFERS {
            Run::request(company).await?.finish().await?;
            company.settle().await?;
        }
    }
    let round = world.arguments.round;
    let mut large: [Rounds; QUESTIONS.len()] = Default::default();
    let mut small: [Rounds; QUESTIONS.len()] = Default::default();
    world.small().await?;
    for _ in 0..world.arguments.rounds {
        let before = world.cpu()?;
        let asked = ask(world.main().await?, round).await?;
        note_p99s(&mut large, &asked, world.cpu()? - before)?;
        let before = world.cpu()?;
        let asked = ask(world.small().await?, round).await?;
        note_p99s(&mut small, &asked, world.cpu()? - before)?;
    }
    let mut rows = Vec::new();
    for (((name, _), large), small) in QUESTIONS.iter().zip(&large).zip(&small) {
        rows.push(compare(&format!("dashboard {name}, p99"), "ms", large, small, Goal::RatioAtMost(1.5))?);
    }
    let slowest = rows.iter().map(|row| row.ours).max_by(|one, other| one.median.total_cmp(&other.median));
    let Some(slowest) = slowest else { return failed("nothing was asked") };
    let transfers = world.main().await?.booked().await?;
    let note = format!("of the slowest answer, at {transfers} transfers; the limits above are those of 10,000");
    rows.push(Row::new("dashboard, p99 itself", "ms", slowest, None, Goal::AtMost(20.0)).with_note(note));
    Ok(rows)
}

/// One question after the other, half a round each, on one connection.
async fn ask(company: &mut Installation, round: Duration) -> Result<Vec<Latencies>> {
    let paths = paths(company).await?;
    let each = round / 2;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "thousands"
    )]
    let enough = (each.as_secs_f64() * paths.len() as f64 * COMPLETIONS_PER_SECOND) as u64 * 2;
    let tasks = open_tasks(company, enough).await?;
    let completing = Crowd {
        address: company.serving.address,
        connections: COMPLETERS,
        expected: 200,
        per_second: Some(COMPLETIONS_PER_SECOND),
    };
    let asking = Crowd { connections: 1, per_second: None, ..completing };
    let bearer = company.staff.admin.bearer.clone();
    let questions = async {
        let mut asked = Vec::new();
        for path in paths {
            let bearer = bearer.clone();
            let question = move |request: &mut Vec<u8>| {
                write_request(request, "GET", &path, &bearer, "");
                true
            };
            asked.push(asking.ask_for(each, question).await?.latencies);
        }
        Ok(asked)
    };
    let (_, asked) = completing.ask_while(completions(company, tasks), questions).await?;
    company.settle().await?;
    Ok(asked)
}

async fn paths(company: &mut Installation) -> Result<Vec<String>> {
    let first: String = company.accounting.value("select min(business_day) from accounting.days").await?;
    let today: String = company.accounting.value("select max(business_day) from accounting.days").await?;
    let path = |(_, path): &(&str, &str)| {
        format!("/api/v1/analytics/{}", path.replace("{first}", &first).replace("{today}", &today))
    };
    Ok(QUESTIONS.iter().map(path).collect())
}

//! Tasks completed a second over HTTP, each answered after its durable commit; against one prepared call that writes the same.

use std::collections::HashMap;
use std::rc::Rc;

use crate::client::write_request;
use crate::crowd::{Tally, flood};
use crate::error::{Error, Result};
use crate::installation::{Installation, limit_of, tracker};
use crate::pgbench::Bench;
use crate::report::{Goal, Row};
use crate::sql::Session;
use crate::world::{CONNECTIONS, Rounds, World, compare};

const LIMIT: &str = include_str!("../../limits/complete.sql");
/// More than any round gets through.
const TASKS_PER_SECOND_MAX: u64 = 20_000;

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let limit_database = tracker(&limit_of(&world.main().await?.name));
    let mut limit_session = Session::open(world.server, &limit_database)?;
    limit_session.run(LIMIT).await?;
    let (mut ours, mut limit) = (Rounds::default(), Rounds::default());
    let mut settled_s = Vec::new();
    for _ in 0..world.arguments.rounds {
        let tasks = open_tasks(world).await?;
        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = complete_all(world, tasks).await?;
        ours.note(&tally, world.cpu()? - before);
        settled_s.push(world.main().await?.settle().await?.as_secs_f64());

        world.server.checkpoint().await?;
        let before = world.cpu()?;
        let tally = limit_round(world, &mut limit_session, &limit_database).await?;
        limit.note(&tally, world.cpu()? - before);
    }
    let settled: Vec<String> = settled_s.iter().map(|seconds| format!("{seconds:.1}")).collect();
    let note = format!("the books had caught up {} s after the rounds' ends", settled.join(", "));
    Ok(vec![compare("complete", "1/s", &ours, &limit, Goal::RatioAtLeast(1.0))?.with_note(note)])
}

/// An open task: its id, and the place of whoever has it among the workers.
struct OpenTask {
    id: String,
    worker: usize,
}

/// As many open tasks as a round may need, in the order in which they were created.
async fn open_tasks(world: &mut World<'_>) -> Result<Vec<OpenTask>> {
    let most = world.arguments.round.as_secs() * TASKS_PER_SECOND_MAX;
    let company = world.main().await?;
    let places: HashMap<&str, usize> =
        company.staff.workers.iter().enumerate().map(|(place, person)| (person.id.as_str(), place)).collect();
    let statement = format!(
        "select task.task_id, open.assignee_id
         from tasks.open_tasks as open
         join tasks.tasks as task on task.number = open.number
         order by open.number
         limit {most}"
    );
    let rows = company.tracker.rows(&statement).await?;
    let task = |row: &String| {
        let (id, assignee) = row.split_once('\t')?;
        Some(OpenTask { id: id.to_owned(), worker: *places.get(assignee)? })
    };
    let tasks: Option<Vec<OpenTask>> = rows.iter().map(task).collect();
    tasks.ok_or_else(|| Error::Failed("an open task belongs to nobody who is logged in".to_owned()))
}

async fn complete_all(world: &mut World<'_>, tasks: Vec<OpenTask>) -> Result<Tally> {
    let round = world.arguments.round;
    let Installation { serving, staff, .. } = world.main().await?;
    let bearers: Rc<[String]> = staff.workers.iter().map(|person| person.bearer.clone()).collect();
    let mut tasks = tasks.into_iter();
    let mut path = String::new();
    let next = move |request: &mut Vec<u8>| {
        let Some(task) = tasks.next() else { return false };
        path.clear();
        path.extend(["/api/v1/tasks/", &task.id, "/complete"]);
        write_request(request, "POST", &path, &bearers[task.worker], "");
        true
    };
    flood(serving.address, CONNECTIONS, round, 200, next).await
}

async fn limit_round(world: &World<'_>, session: &mut Session, database: &str) -> Result<Tally> {
    let first = session.value("select min(number) from load.still_open").await?;
    Bench {
        server: world.server,
        database,
        connections: CONNECTIONS,
        length: world.length(),
        script: "select load.complete_task(:place);",
        first,
    }
    .run()
    .await
}

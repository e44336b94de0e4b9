//! From starting the process to its being ready: on databases that are there, and with its own PostgreSQL.

use std::path::Path;
use std::time::Duration;

use crate::client::{Connection, write_request};
use crate::error::{Result, failed};
use crate::installation::program_for;
use crate::program::{Program, Serving};
use crate::report::{Goal, Row};
use crate::world::{World, spread};

const TIMES: u32 = 5;
const STOP_DEADLINE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub async fn run(world: &mut World<'_>) -> Result<Vec<Row>> {
    let times = if world.arguments.short { 1 } else { TIMES };
    let mut with_databases = Vec::new();
    for _ in 0..times {
        world.restart_main().await?;
        with_databases.push(ready_ms(&world.main().await?.serving).await?);
    }
    let name = "embedded";
    let mut program = program_for(world.server, &world.program, name).await?;
    program.settings.retain(|(key, _)| !key.contains("DATABASES"));
    let folder = world.server.directory().join(name);
    let first = start_and_stop(&program, &folder).await?;
    let mut embedded = Vec::new();
    for _ in 0..times {
        embedded.push(start_and_stop(&program, &folder).await?);
    }
    Ok(vec![
        Row::new("start", "ms", spread(&with_databases)?, None, Goal::AtMost(300.0)),
        Row::new("start with its PostgreSQL", "ms", spread(&embedded)?, None, Goal::AtMost(2_000.0)),
        Row::new("start for the first time", "ms", spread(&[first])?, None, Goal::None)
            .with_note("makes its PostgreSQL's files and applies all migrations"),
    ])
}

async fn start_and_stop(program: &Program, folder: &Path) -> Result<f64> {
    let serving = program.serve().await?;
    let ready = ready_ms(&serving).await?;
    serving.stop().await?;
    let pid_file = folder.join("postgres/cluster/postmaster.pid");
    let ended = async {
        while pid_file.exists() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    match tokio::time::timeout(STOP_DEADLINE, ended).await {
        Ok(()) => Ok(ready),
        Err(_) => failed("its PostgreSQL does not stop"),
    }
}

/// Until it had said that it is up, and until `/readyz` has answered.
async fn ready_ms(serving: &Serving) -> Result<f64> {
    let asked = std::time::Instant::now();
    let mut request = Vec::new();
    write_request(&mut request, "GET", "/readyz", "", "");
    let status = Connection::open(serving.address).await?.send(&request).await?.status;
    if status != 200 {
        return failed(format!("/readyz answers {status}"));
    }
    Ok((serving.started_in + asked.elapsed()).as_secs_f64() * 1_000.0)
}

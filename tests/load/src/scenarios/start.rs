//! Measures the time from starting the process until it is ready: on existing databases, and with
//! the PostgreSQL that it starts for itself.

use std::path::Path;
use std::time::Duration;

use crate::client::{Connection, write_request};
use crate::environment::Environment;
use crate::error::{Result, failed};
use crate::installation::program_for;
use crate::program::{Process, Program};
use crate::report::{Goal, Row};
use crate::rounds::spread;

/// Number of starts.
const STARTS: u32 = 5;

/// Maximum time until the PostgreSQL of the program has stopped.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// The pause between two checks whether PostgreSQL has stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub async fn run(environment: &mut Environment<'_>) -> Result<Vec<Row>> {
    let starts = if environment.arguments.short { 1 } else { STARTS };
    let mut with_databases = Vec::new();
    for _ in 0..starts {
        environment.restart_main().await?;
        with_databases.push(ready_ms(&environment.main().await?.process).await?);
    }
    let name = "embedded";
    let mut program = program_for(environment.server, &environment.program, name).await?;
    program.settings.retain(|(key, _)| !key.contains("DATABASES"));
    let folder = environment.server.directory().join(name);
    let first = start_and_stop(&program, &folder).await?;
    let mut embedded = Vec::new();
    for _ in 0..starts {
        embedded.push(start_and_stop(&program, &folder).await?);
    }
    Ok(vec![
        Row::new("start", "ms", spread(&with_databases)?, None, Goal::AtMost(300.0)),
        Row::new("start with its PostgreSQL", "ms", spread(&embedded)?, None, Goal::AtMost(2_000.0)),
        Row::new("start for the first time", "ms", spread(&[first])?, None, Goal::None)
            .with_note("creates the files of its PostgreSQL and applies all migrations"),
    ])
}

async fn start_and_stop(program: &Program, folder: &Path) -> Result<f64> {
    let process = program.serve().await?;
    let ready = ready_ms(&process).await?;
    process.stop().await?;
    let pid_file = folder.join("postgres/cluster/postmaster.pid");
    let ended = async {
        while pid_file.exists() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    match tokio::time::timeout(STOP_DEADLINE, ended).await {
        Ok(()) => Ok(ready),
        Err(_) => failed("the PostgreSQL of the program did not stop in time"),
    }
}

/// The time until the startup message, and then until `/readyz` has answered.
async fn ready_ms(process: &Process) -> Result<f64> {
    let start = std::time::Instant::now();
    let mut request = Vec::new();
    write_request(&mut request, "GET", "/readyz", "", "");
    let status = Connection::open(process.address).await?.send(&request).await?.status;
    if status != 200 {
        return failed(format!("/readyz answers {status}"));
    }
    Ok((process.started_in + start.elapsed()).as_secs_f64() * 1_000.0)
}

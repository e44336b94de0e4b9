//! How fast Piecework is, held against what PostgreSQL alone does on the same machine in the same run. The README explains.

mod arguments;
mod client;
mod cpu;
mod crowd;
mod error;
mod installation;
mod limits;
mod pgbench;
mod program;
mod progress;
mod report;
mod runs;
mod scenarios;
mod server;
mod sql;
mod staff;
mod statistics;
mod work;
mod world;

use std::io::Write;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::error::{Error, Result};
use crate::report::Report;
use crate::server::Server;
use crate::world::World;

const GIB: u64 = 1 << 30;

fn main() -> ExitCode {
    let done = Arguments::parse(std::env::args().skip(1)).and_then(|arguments| {
        // One thread is what the clients may take of the machine.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Error::io("start the runtime"))?.block_on(run(&arguments))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(if matches!(error, Error::Usage(_)) { 2 } else { 1 })
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let program = program::locate(arguments.binary.as_deref())?;
    let room_bytes = match arguments {
        Arguments { short: true, .. } => GIB,
        Arguments { large: true, .. } => 40 * GIB,
        _ => 20 * GIB,
    };
    let server = Server::start(&arguments.dir, &program, room_bytes).await?;
    let mut report = Report { short: arguments.short, ..Report::default() };
    let measured = tokio::select! {
        measured = measure(World::new(&server, arguments, program), &mut report) => measured,
        error = interrupted() => Err(error),
    };
    // Whatever came of it, nothing stays behind, and what was measured is shown.
    let stopped = server.stop().await;
    if measured.is_ok() || !report.rows.is_empty() {
        print(arguments, &report)?;
    }
    measured.and(stopped)
}

async fn measure(mut world: World<'_>, report: &mut Report) -> Result<()> {
    for scenario in world.arguments.scenarios.clone() {
        world.progress.say(scenario.name());
        report.rows.extend(scenario.run(&mut world).await?);
        world.progress.advance();
    }
    report.memory = world.finish().await?;
    Ok(())
}

/// SIGINT or SIGTERM.
async fn interrupted() -> Error {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Then they end the process in the usual way, and the databases' folder stays.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Error::Interrupted
}

fn print(arguments: &Arguments, report: &Report) -> Result<()> {
    let text = if arguments.json {
        serde_json::to_string_pretty(report).map_err(|error| Error::Failed(error.to_string()))? + "\n"
    } else {
        report.table()
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Error::io("print the results"))
}

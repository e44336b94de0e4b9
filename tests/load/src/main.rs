//! Measures how fast Piecework is, compared with PostgreSQL alone on the same machine in the same
//! run. The README explains the method and the goals.

mod arguments;
mod baseline;
mod client;
mod environment;
mod error;
mod generator;
mod installation;
mod people;
mod pgbench;
mod program;
mod progress;
mod reassignment;
mod report;
mod requests;
mod resources;
mod rounds;
mod scenario;
mod scenarios;
mod server;
mod sql;
mod statistics;

use std::io::Write;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::report::Report;
use crate::server::Server;

/// Bytes in a GiB.
const GIB: u64 = 1 << 30;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One thread, so that the clients take at most one core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Error::io("start the runtime")).and_then(|runtime| runtime.block_on(run(&arguments)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let program = program::locate(arguments.binary.as_deref())?;
    let required_bytes = match arguments {
        Arguments { short: true, .. } => GIB,
        Arguments { large: true, .. } => 40 * GIB,
        _ => 20 * GIB,
    };
    let server = Server::start(&arguments.dir, &program, required_bytes).await?;
    let mut report = Report { short: arguments.short, ..Report::default() };
    let measured = tokio::select! {
        measured = measure(Environment::new(&server, arguments, program), &mut report) => measured,
        error = interrupted() => Err(error),
    };
    // After a failure, too, the directory is deleted and the results so far are printed.
    let stopped = server.stop().await;
    if measured.is_ok() || !report.rows.is_empty() {
        print(arguments, &report)?;
    }
    measured.and(stopped)
}

async fn measure(mut environment: Environment<'_>, report: &mut Report) -> Result<()> {
    for scenario in environment.arguments.scenarios.clone() {
        environment.progress.show(scenario.name());
        report.rows.extend(scenarios::run(scenario, &mut environment).await?);
        environment.progress.advance();
    }
    report.memory = environment.finish().await?;
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() -> Error {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // The signals then end the process at once, and the directory stays.
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

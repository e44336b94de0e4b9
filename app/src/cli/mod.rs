//! The command line: what there is to type, and which exit code it ends with.

mod close_day;
mod config_check;
mod demo;
mod doctor;
mod events;
mod import;
mod migrate;
mod openapi;
mod output;
mod people;
mod serve;
mod supervise_postgres;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use kernel::Ambient;

use crate::application::{Application, Options};
use crate::config::{self, Override};
use crate::databases::SUPERVISE_COMMAND;
use crate::{Error, telemetry};

/// How long a command waits for the other modules to learn of what it did.
const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// Tasks are handed out by chance, cost a fee and bring a reward; every day what was earned is paid out.
#[derive(Debug, Parser)]
#[command(name = "piecework", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command: `serve`.

Settings come from config/default.toml (compiled in; it explains every key), the profile in PIECEWORK_PROFILE
(development, test, production) and the environment: PIECEWORK__HTTP__PORT=8081 sets `http.port`.
`piecework config check` prints what holds.

Results go to standard output, logs to standard error. Exit codes: 0 fine, 1 the work failed, 2 wrong usage or
configuration. Every command works beside a running `serve` on the same data directory, and without one.";

/// Options of all commands.
#[derive(Debug, Args)]
struct Global {
    /// Where everything outside of databases is kept [default: .piecework]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print results as JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Host the modules and answer requests
    ///
    /// With no database configured it starts its own PostgreSQL under the data directory. Applies migrations. On an empty
    /// system it prints a one-time link that creates the first admin.
    ///
    /// With some of the modules it needs --bus rabbitmq, the databases of its modules, and modules.NAME.url for the others, to
    /// which it passes their requests on.
    Serve(serve::ServeArguments),
    /// Serve a demo company with people, a real backlog and three weeks of history
    Demo(demo::DemoArguments),
    /// Apply the migrations and stop
    Migrate,
    /// Manage people
    #[command(subcommand)]
    People(people::PeopleCommand),
    /// Take in people or tasks from a CSV file
    ///
    /// All or nothing unless --skip-bad is given; every bad row is reported with its line and reason. Running the same file
    /// again adds nothing.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Close the days that are due, and pay
    CloseDay(close_day::CloseDayArguments),
    /// Check every invariant of the domain on the live data
    ///
    /// Names the rows that break one, and then ends with exit code 1.
    Verify,
    /// Show and mend events that a module could not apply
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Look at the configuration
    #[command(subcommand)]
    Config(config_check::ConfigCommand),
    /// Try every dependency, with advice
    Doctor,
    /// Own the embedded PostgreSQL (started by the program itself)
    #[command(name = SUPERVISE_COMMAND, hide = true)]
    SupervisePostgres {
        directory: PathBuf,
        /// Seconds to stay up after the last user is gone
        #[arg(long, default_value_t = 0)]
        linger_s: u64,
    },
}

/// What a command gets.
struct Context {
    loaded: config::Loaded,
    json: bool,
}

/// Parses, runs, and says with which code the process is to end.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// The same for given arguments, the program's name first.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output and is no error; clap knows.
            let _unprintable = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("piecework: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn execute(Arguments { global, command }: Arguments) -> Result<(), Error> {
    let command = command.unwrap_or_else(|| Command::Serve(serve::ServeArguments::default()));
    // It knows no settings: those of whoever started it do not matter to it.
    if let Command::SupervisePostgres { directory, linger_s } = command {
        return supervise_postgres::run(&directory, Duration::from_secs(linger_s));
    }
    let mut overrides = Vec::new();
    if let Some(directory) = global.data_dir {
        let directory =
            directory.into_os_string().into_string().map_err(|_| Error::Usage("--data-dir is not UTF-8".to_owned()))?;
        overrides.push(Override { option: "--data-dir", key: "data_dir", value: directory });
    }
    if let Command::Serve(arguments) = &command {
        overrides.extend(arguments.overrides());
    }
    let mut context = Context { loaded: config::load(&overrides)?, json: global.json };
    let log = &mut context.loaded.config.telemetry.log;
    if matches!(command, Command::Demo(_)) && log.starts_with("info") {
        // Three weeks of business facts in ten seconds would bury the logins.
        "warn".clone_into(log);
    }
    telemetry::start_logging(&context.loaded.config.telemetry)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::io("start the runtime"))?;
    let result = runtime.block_on(dispatch(command, &context));
    // What still runs has been told to stop, or is not worth waiting for.
    runtime.shutdown_background();
    result
}

async fn dispatch(command: Command, context: &Context) -> Result<(), Error> {
    match command {
        Command::Serve(_) => serve::run(context).await,
        Command::Demo(arguments) => demo::run(context, &arguments).await,
        Command::Migrate => migrate::run(context).await,
        Command::People(command) => people::run(context, command).await,
        Command::Import(command) => import::run(context, command).await,
        Command::CloseDay(arguments) => close_day::run(context, &arguments).await,
        Command::Verify => verify::run(context).await,
        Command::Events(command) => events::run(context, command).await,
        Command::Openapi => openapi::run(context),
        Command::Config(command) => config_check::run(context, &command),
        Command::Doctor => doctor::run(context).await,
        Command::SupervisePostgres { .. } => Ok(()),
    }
}

/// Runs `work` on an application without HTTP and jobs, then waits until the other modules know of what it did.
async fn with_application<T>(
    context: &Context,
    work: impl AsyncFnOnce(&Application) -> Result<T, Error>,
) -> Result<T, Error> {
    let application = Application::build(&context.loaded.config, Options::command(), Ambient::system()).await?;
    let result = work(&application).await;
    let drained = application.drain(DRAIN_DEADLINE).await;
    application.stop().await;
    let value = result?;
    match drained {
        Ok(undelivered) if !undelivered.is_nothing() => {
            tracing::warn!(
                undelivered.outbox_pending,
                undelivered.on_the_bus,
                undelivered.inbox_due,
                "done, but not every module knows of it yet; the next serve delivers the rest"
            );
        }
        Err(error) => tracing::warn!(%error, "done, but whether every module knows of it could not be found out"),
        Ok(_) => {}
    }
    Ok(value)
}

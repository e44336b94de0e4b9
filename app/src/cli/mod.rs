//! The command line: the commands, their help and their exit codes.

mod backup;
mod close_day;
mod config_check;
mod context;
mod demo;
mod doctor;
mod emails;
mod events;
mod import;
mod keys;
mod migrate;
mod openapi;
mod operating_system_user;
mod output;
mod people;
mod printable;
mod reconcile;
mod serve;
mod supervise_postgres;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::context::Context;
use self::printable::printable_lines;
use crate::Error;
use crate::config::{self, Override};
use crate::data_directory;
use crate::databases::SUPERVISE_COMMAND;
use crate::modules::{ModulePlan, Modules};
use crate::runtime::telemetry;
use crate::runtime::traces::Traces;

/// Piecework assigns tasks at random. A task costs a fee and brings a reward. Balances are paid out
/// every day.
#[derive(Debug, Parser)]
#[command(name = "piecework", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The text at the end of `--help`.
const AFTER_HELP: &str = "\
Without a command: `serve`.

Settings come from config/default.toml (compiled in; it explains every key), the profile in PIECEWORK_PROFILE
(development, test, production) and the environment: PIECEWORK__HTTP__PORT=8081 sets `http.port`.
`piecework config check` prints the merged configuration.

Results go to standard output, logs to standard error. Exit codes: 0 success, 1 the work failed, 2 wrong
usage or configuration. Every command works with and without a running `serve` on the same data directory.";

/// Options of all commands.
#[derive(Debug, Args)]
struct Global {
    /// Directory for all data outside of databases [default: .piecework]
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
    /// Without a configured database it starts its own PostgreSQL under the data directory. It
    /// applies the migrations. On an empty system it prints a one-time link that creates the first
    /// admin.
    ///
    /// A process that hosts some of the modules needs --bus rabbitmq, the databases of its modules,
    /// and modules.NAME.url for each other module. It forwards requests for the other modules to
    /// these URLs.
    Serve(serve::ServeArguments),
    /// Serve a demo company with people, a real backlog and three weeks of history
    Demo(demo::DemoArguments),
    /// Apply the migrations and stop
    Migrate,
    /// Manage people
    #[command(subcommand)]
    People(people::PeopleCommand),
    /// Import people or tasks from a CSV file
    ///
    /// Every invalid row is reported with its line and reason. A file with an invalid row adds
    /// nothing, unless --skip-bad is given. A second import of the same file adds nothing.
    ///
    /// The file is CSV with commas, in UTF-8 (or in UTF-16 with a byte order mark). A quote inside
    /// a quoted field is written twice. A file with a quote that is not closed, or with text after
    /// a closing quote, is refused as a whole. Empty rows and unnamed empty columns are ignored.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Close the days that are due and pay out the balances
    CloseDay(close_day::CloseDayArguments),
    /// Check every invariant of the domain on the live data
    ///
    /// Names the rows that violate an invariant, each with the command that repairs it, and then
    /// ends with exit code 1. It may run beside a server.
    ///
    /// A closed day is sealed with a digest of its transfers. Without --since, every seal is
    /// checked against the transfers.
    Verify(verify::VerifyArguments),
    /// Reverse fees and rewards whose tasks, assignments or completions were lost
    ///
    /// After the tracker database has lost data, accounting has bookings whose fact is missing.
    /// The command lists them. With --apply each is reversed by a correction with its reason, and
    /// is booked again if its fact happens again. It may run beside a server.
    Reconcile(reconcile::ReconcileArguments),
    /// Copy both databases into a folder, also while a server runs
    ///
    /// Each database is copied as of one moment. The folder is created; it must not contain
    /// anything. `manifest.json` is written last.
    Backup(backup::FolderArguments),
    /// Restore a backup into empty databases, publish all facts again and verify the result
    ///
    /// A backup that is damaged, was not made by Piecework, or is from a newer version is refused,
    /// and so are databases with data.
    Restore(backup::FolderArguments),
    /// List, retry and discard events that a module could not apply, and publish facts again
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Send parked mail again
    #[command(subcommand)]
    Emails(emails::EmailsCommand),
    /// Manage the keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Check the configuration
    #[command(subcommand)]
    Config(config_check::ConfigCommand),
    /// Check every dependency and give advice
    Doctor,
    /// Supervise the embedded PostgreSQL (started by the program itself)
    #[command(name = SUPERVISE_COMMAND, hide = true)]
    SupervisePostgres { directory: PathBuf },
}

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs a command line. The first argument is the name of the program.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap prints help to standard output and errors to standard error.
            let _unprintable = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("piecework: {}", printable_lines(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}

fn execute(Arguments { global, command }: Arguments) -> Result<(), Error> {
    data_directory::keep_new_files_private();
    let command = command.unwrap_or_else(|| Command::Serve(serve::ServeArguments::default()));
    // The supervisor reads no settings, so invalid settings do not stop it.
    if let Command::SupervisePostgres { directory } = command {
        return supervise_postgres::run(&directory);
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
    // The settings must fit together, also for a command that needs few of them.
    ModulePlan::from_settings(&context.loaded.config)?;
    // The document of the API is the same in each installation.
    if !matches!(command, Command::Openapi) {
        config::check_installation(&context.loaded.config)?;
    }
    let log = &mut context.loaded.config.telemetry.log;
    if matches!(command, Command::Demo(_)) && log.starts_with("info") {
        // The history produces thousands of log lines of level info, which would hide the logins.
        "warn".clone_into(log);
    }
    telemetry::start_logging(&context.loaded.config.telemetry)?;
    if matches!(command, Command::Serve(_) | Command::Demo(_)) {
        data_directory::protect(&context.loaded.config.data_dir);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::io("start the runtime"))?;
    let traces = Traces::start(&context.loaded.config.telemetry, runtime.handle())?;
    let result = runtime.block_on(dispatch(command, &context));
    if let Some(traces) = traces.filter(|_| result.is_ok()) {
        traces.stop();
    }
    // The application has stopped. Tasks that still run hold nothing that would be lost.
    runtime.shutdown_background();
    result
}

async fn dispatch(command: Command, context: &Context) -> Result<(), Error> {
    // Every command refuses the same settings, before it does anything with them.
    Modules::check_settings(&context.loaded.config)?;
    match command {
        Command::Serve(_) => serve::run(context).await,
        Command::Demo(arguments) => demo::run(context, &arguments).await,
        Command::Migrate => migrate::run(context).await,
        Command::People(command) => people::run(context, command).await,
        Command::Import(command) => import::run(context, command).await,
        Command::CloseDay(arguments) => close_day::run(context, &arguments).await,
        Command::Verify(arguments) => verify::run(context, &arguments).await,
        Command::Backup(arguments) => backup::create(context, &arguments).await,
        Command::Restore(arguments) => backup::restore(context, &arguments).await,
        Command::Reconcile(arguments) => reconcile::run(context, &arguments).await,
        Command::Events(command) => events::run(context, command).await,
        Command::Emails(command) => emails::run(context, &command).await,
        Command::Keys(command) => keys::run(context, &command).await,
        Command::Openapi => openapi::run(context),
        Command::Config(command) => config_check::run(context, &command),
        Command::Doctor => doctor::run(context).await,
        Command::SupervisePostgres { .. } => Ok(()),
    }
}

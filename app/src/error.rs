//! Why a command or a server ends, and with which exit code.

use kernel::events::bus::PublishError;
use kernel::{DbError, Problem};
use sqlx::migrate::MigrateError;

/// Exit code of a command whose work failed.
const FAILED: u8 = 1;
/// Exit code of a wrong command line and of wrong settings.
const WRONG_USAGE: u8 = 2;

/// Why a process could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] crate::config::Error),
    /// A module or a database shows that the settings cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The command line cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The embedded PostgreSQL does not start.
    #[error(transparent)]
    EmbeddedPostgres(#[from] embedded_postgres::Error),
    /// A database cannot be reached, or refuses.
    #[error("the database {database}: {error}")]
    Database { database: &'static str, error: DbError },
    /// A migration cannot be applied, or the database has one that the program does not know.
    #[error("the migrations of {name} could not be applied: {error}")]
    Migration { name: &'static str, error: sqlx::migrate::MigrateError },
    /// A later version has migrated the schema, and this one does not work on it.
    #[error(
        "the schema of {module} has the migration {migration} of a later piecework, and needs version {} or later; \
         this is version {own}",
        if oldest.is_empty() { "that" } else { oldest }
    )]
    ProgramTooOld { module: &'static str, migration: i64, own: &'static str, oldest: String },
    /// Another process has to migrate and prepare a module first.
    #[error("the module {module} has not made its schema ready: start the process that hosts it")]
    ModuleNotPrepared { module: &'static str },
    /// A module finds something that it cannot work with.
    #[error("the module {module} could not start: {reason}")]
    Module { module: &'static str, reason: String },
    /// The bus does not take a subscriber.
    #[error(transparent)]
    Bus(#[from] PublishError),
    /// The address of the HTTP server cannot be used.
    #[error("cannot listen on {address}: {error}")]
    Listen { address: String, error: std::io::Error },
    /// The operating system refuses something.
    #[error("cannot {action}: {error}")]
    Io { action: String, error: std::io::Error },
    /// A module refuses, as it would refuse a request.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// Any other failure. The text is for the person who typed the command.
    #[error("{0}")]
    Failed(String),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl Error {
    /// The exit code of the process.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Configuration(_) | Self::Usage(_) => WRONG_USAGE,
            _ => FAILED,
        }
    }

    /// Whether the same may succeed later without any change: a database or another process is not
    /// ready.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database { error, .. } => error.is_unavailable(),
            Self::Migration {
                error: MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _), ..
            } => kernel::DbError::outage(error).is_some(),
            Self::ModuleNotPrepared { .. } => true,
            _ => false,
        }
    }

    /// Makes an error of the failure of a database.
    pub fn database<E: Into<DbError>>(database: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Database { database, error: error.into() }
    }

    /// Makes an error of an `io::Error`. `action` continues the sentence "cannot …".
    pub fn io(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let action = action.into();
        move |error| Self::Io { action, error }
    }
}

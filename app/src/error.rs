//! What can end a command, and with which exit code.

use kernel::Problem;
use kernel::bus::PublishError;
use sqlx::migrate::MigrateError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] crate::config::Error),
    /// The same, found by a module.
    #[error("{0}")]
    Configuration(String),
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    EmbeddedPostgres(#[from] embedded_postgres::Error),
    /// A database could not be reached or refused.
    #[error("the database {database}: {error}")]
    Database { database: &'static str, error: sqlx::Error },
    #[error("the migrations of {name} could not be applied: {error}")]
    Migration { name: &'static str, error: sqlx::migrate::MigrateError },
    /// Another process has to do something first.
    #[error("the module {module} has not made its schema ready: start the process that hosts it")]
    Awaits { module: &'static str },
    /// A module could not get ready.
    #[error("the module {module} could not start: {reason}")]
    Module { module: &'static str, reason: String },
    #[error(transparent)]
    Bus(#[from] PublishError),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: String, error: std::io::Error },
    #[error("cannot {action}: {error}")]
    Io { action: String, error: std::io::Error },
    /// What a client would have been told.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// Anything else; the text is for whoever typed the command.
    #[error("{0}")]
    Failed(String),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl Error {
    /// 1: the work failed; 2: wrong usage or configuration.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Configuration(_) | Self::Usage(_) => 2,
            _ => 1,
        }
    }

    /// Whether the same may well work later, when a database or another process is there.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database { error, .. }
            | Self::Migration {
                error: MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _), ..
            } => kernel::db::is_unavailable(error),
            Self::Awaits { .. } => true,
            _ => false,
        }
    }

    pub fn io(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let action = action.into();
        move |error| Self::Io { action, error }
    }
}

//! Finds out whether a URL gives modules the sessions that they rely on: each keeps its settings,
//! and has a connection of PostgreSQL to itself. A pooler in between may break both without an
//! error.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Row};

use super::error::DbError;
use super::pool::{READING, WRITING, reading_session, writing_session};

/// How long the check may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// SQLSTATE of a pooler that refuses the settings of a session.
const PROTOCOL_VIOLATION: &str = "08P01";
/// The process of PostgreSQL that serves the session.
const PROCESS: &str = "select pg_backend_pid()";

/// What modules use the sessions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionUse {
    /// To write.
    Write,
    /// To read.
    Read,
}

/// Why the sessions of a URL are not what modules rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionDefect {
    /// Two sessions are served by the same connection of PostgreSQL.
    Shared,
    /// These settings do not hold in a session that was opened with them, such as
    /// `lock_timeout = 20s`.
    SettingsLost(String),
    /// The settings of a session are refused. The text is the reason.
    SettingsRefused(String),
}

impl SessionDefect {
    /// The defect because of which a session could not be opened. `None` for another error.
    #[must_use]
    pub fn of_refusal(error: &sqlx::Error) -> Option<Self> {
        let refusal = error.as_database_error().filter(|error| error.code().as_deref() == Some(PROTOCOL_VIOLATION))?;
        Some(Self::SettingsRefused(refusal.message().to_owned()))
    }
}

impl fmt::Display for SessionDefect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => formatter.write_str(
                "leads to a pooler in transaction mode, such as PgBouncer: sessions share a connection of PostgreSQL, so \
                 settings, roles and locks of one reach another",
            ),
            Self::SettingsLost(names) => write!(
                formatter,
                "leads to a pooler, such as PgBouncer, that drops the settings of a session: {names} do not hold"
            ),
            Self::SettingsRefused(reason) => {
                write!(formatter, "leads to a pooler, such as PgBouncer, that refuses the settings of a session: {reason}")
            }
        }
    }
}

/// Opens two sessions as modules do, and returns what is wrong with them.
///
/// # Errors
/// The server does not answer, or refuses a session.
pub async fn find_session_defect(
    server: &PgConnectOptions,
    session_use: SessionUse,
) -> Result<Option<SessionDefect>, DbError> {
    tokio::time::timeout(TIMEOUT, find(server, session_use)).await.map_err(|_| DbError::TimedOut)?
}

async fn find(server: &PgConnectOptions, session_use: SessionUse) -> Result<Option<SessionDefect>, DbError> {
    let (options, settings) = match session_use {
        SessionUse::Write => (writing_session(server.clone()), &WRITING[..]),
        SessionUse::Read => (reading_session(server.clone()), &READING[..]),
    };
    let mut first = match PgConnection::connect_with(&options).await {
        Ok(session) => session,
        Err(error) => return SessionDefect::of_refusal(&error).map(Some).ok_or_else(|| error.into()),
    };
    // The simple protocol works behind every pooler.
    let wanted: Vec<String> = settings.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    let lost = format!(
        "select coalesce(string_agg(format('%s = %s', name, wanted), ', '), '')
         from (values {}) as setting (name, wanted)
         where current_setting(name) <> wanted",
        wanted.join(", ")
    );
    let lost: String = sqlx::raw_sql(AssertSqlSafe(lost)).fetch_one(&mut first).await?.try_get(0)?;
    let mut second = PgConnection::connect_with(&options).await?;
    let is_shared = process(&mut first).await? == process(&mut second).await?;
    // A connection that is dropped without this leaves a line in the log of the server.
    let _closed = tokio::join!(first.close(), second.close());
    Ok(if is_shared {
        Some(SessionDefect::Shared)
    } else {
        (!lost.is_empty()).then_some(SessionDefect::SettingsLost(lost))
    })
}

async fn process(session: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql(PROCESS).fetch_one(session).await?.try_get(0)
}

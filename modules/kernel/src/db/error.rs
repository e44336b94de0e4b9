//! The errors of a database, divided by what a caller does about them.

/// SQLSTATEs of a server that is at its limit: it accepts no more connections, a lock was not
/// granted within `lock_timeout`, a statement took longer than `statement_timeout`.
const BUSY: [&str; 3] = ["53300", "55P03", "57014"];
/// SQLSTATEs of a server that has used up what it has: its disk is full, its memory or another of
/// its limits is reached, or it cannot read or write its disk. Class 53 is lack of resources; its
/// `too_many_connections` is in `BUSY`.
const EXHAUSTED: [&str; 5] = ["53000", "53100", "53200", "53400", "58030"];
/// SQLSTATE: a write in a read-only session, as on a primary that has become a replica.
const READ_ONLY_TRANSACTION: &str = "25006";
/// SQLSTATEs after which the same transaction may succeed: serialization failure, deadlock.
const TRANSIENT: [&str; 2] = ["40001", "40P01"];
/// SQLSTATEs of a value that no column can hold: a number or time out of range, a zero byte.
const UNSTORABLE: [&str; 3] = ["22003", "22008", "22021"];

/// Why a command with an idempotency key is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Repetition {
    /// The command was answered before. Its request has the stored answer.
    #[error("the command was answered before")]
    Answered,
    /// A command with the same key is being carried out.
    #[error("a command with the same idempotency key is being carried out")]
    InFlight,
    /// The key was used for a request with another body.
    #[error("the idempotency key was used for a request with another body")]
    OtherBody,
}

/// Why a database did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached, is shutting down, refuses writes or is not open yet.
    #[error("{reason}")]
    Unavailable { reason: String },
    /// The database answers, but it is at its limit: all connections of the pool or of the server
    /// are in use, a lock was not granted in time, or a statement took too long.
    #[error("the database is busy: no connection became free, or a statement could not end, in time")]
    Busy,
    /// The database answers, but its disk is full or fails, or its memory is used up. Nothing was
    /// changed. It stays so until a person acts.
    #[error("the database has used up its disk, its memory or another limit: {reason}")]
    Exhausted { reason: String },
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The connection was lost before a commit was confirmed: it may or may not have happened.
    #[error("it is not known whether the commit happened: {reason}")]
    OutcomeUnknown { reason: String },
    /// The command has an idempotency key and repeats another one. It changes nothing.
    #[error(transparent)]
    Repeated(#[from] Repetition),
    /// A value could not be encoded for the database, or a stored value could not be decoded.
    #[error("{0}")]
    Codec(String),
    /// PostgreSQL refused a statement, or sqlx could not use its answer.
    #[error(transparent)]
    Sql(sqlx::Error),
}

impl DbError {
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    /// The outage that an error of sqlx reports; none if the database is available. It is for an
    /// error that is only borrowed: `DbError::from` classifies an owned one.
    #[must_use]
    pub fn outage(error: &sqlx::Error) -> Option<Self> {
        match error {
            sqlx::Error::PoolTimedOut => Some(Self::Busy),
            sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Some(Self::unavailable(error.to_string())),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some(code) if BUSY.contains(&code) => Some(Self::Busy),
                Some(code) if EXHAUSTED.contains(&code) => Some(Self::Exhausted { reason: error.to_string() }),
                // Class 08 is connection trouble, class 57P a server that is shutting down.
                Some(code) if code == READ_ONLY_TRANSACTION || code.starts_with("08") || code.starts_with("57P") => {
                    Some(Self::unavailable(error.to_string()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The database cannot do it at present. Another attempt may succeed, and the request is not at
    /// fault.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Busy
                | Self::Exhausted { .. }
                | Self::TimedOut
                | Self::OutcomeUnknown { .. }
        )
    }

    /// The server runs, but it cannot do more at present.
    #[must_use]
    pub const fn is_of_running_server(&self) -> bool {
        matches!(self, Self::Busy | Self::Exhausted { .. })
    }

    /// The same transaction may succeed if it is run again: a deadlock or a serialization failure.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.has_code(&TRANSIENT)
    }

    /// A value was refused because no column can hold it.
    #[must_use]
    pub fn is_unstorable(&self) -> bool {
        self.has_code(&UNSTORABLE)
    }

    /// The name of the constraint that refused a row.
    #[must_use]
    pub fn violated_constraint(&self) -> Option<&str> {
        match self {
            Self::Sql(sqlx::Error::Database(database)) => database.constraint(),
            _ => None,
        }
    }

    /// The same error after a commit was sent: a lost connection leaves the outcome open.
    pub(crate) fn after_commit_was_sent(self) -> Self {
        match self {
            Self::Unavailable { reason } => Self::OutcomeUnknown { reason },
            error => error,
        }
    }

    /// The same outage for another command of a batch.
    pub(crate) fn repeat(&self) -> Self {
        match self {
            Self::OutcomeUnknown { reason } => Self::OutcomeUnknown { reason: reason.clone() },
            Self::Busy => Self::Busy,
            Self::Exhausted { reason } => Self::Exhausted { reason: reason.clone() },
            error => Self::unavailable(error.to_string()),
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(database))
            if database.code().is_some_and(|code| codes.contains(&&*code)))
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::outage(&error).unwrap_or(Self::Sql(error))
    }
}

impl From<serde_json::Error> for DbError {
    fn from(error: serde_json::Error) -> Self {
        Self::Codec(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_leaves_the_outcome_open_only_after_the_commit_was_sent() {
        let lost = || DbError::from(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert!(matches!(lost(), DbError::Unavailable { .. }));
        assert!(matches!(lost().after_commit_was_sent(), DbError::OutcomeUnknown { .. }));
        assert!(lost().is_unavailable() && lost().after_commit_was_sent().is_unavailable());
        let refused = DbError::from(sqlx::Error::RowNotFound).after_commit_was_sent();
        assert!(matches!(&refused, DbError::Sql(_)) && !refused.is_unavailable(), "{refused:?}");
    }

    #[test]
    fn an_exhausted_pool_is_busy() {
        assert!(matches!(DbError::from(sqlx::Error::PoolTimedOut), DbError::Busy));
        assert!(matches!(DbError::Busy.repeat(), DbError::Busy), "also for the other commands of a batch");
    }
}

//! The subscriber: what a module does with the events of other modules.

use contracts::Event;
use futures_util::future::BoxFuture;

use crate::Tx;
use crate::db::DbError;

/// What a module does with the events of other modules.
pub trait Subscriber: Send + Sync + 'static {
    /// The module's name.
    fn name(&self) -> &'static str;

    /// The event types that the module subscribes to. It gets no others.
    fn event_types(&self) -> &'static [&'static str];

    /// Applies a batch in the given transaction, with sets rather than loops. Every event in it is
    /// new to this subscriber. Their order has no meaning.
    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>>;
}

/// Why a subscriber could not apply events.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Database(#[from] DbError),
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// No attempt can succeed: the event is parked at once.
    #[error("{0}")]
    GiveUp(String),
}

impl ApplyError {
    /// Whether the database is unavailable. The event is not at fault, and the bus delivers it
    /// again.
    pub(super) const fn is_outage(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_unavailable())
    }
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<contracts::event::UnreadableFact> for ApplyError {
    fn from(error: contracts::event::UnreadableFact) -> Self {
        Self::GiveUp(error.to_string())
    }
}

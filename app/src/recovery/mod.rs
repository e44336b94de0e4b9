//! What brings the databases into agreement after one of them has lost data.

pub mod backup;
mod reconcile;
mod replay;

use std::time::Duration;

use kernel::DbError;

pub use reconcile::{Reconciled, UnfoundedBooking, reconcile};
pub use replay::{Replayed, replay};

use crate::Error;
use crate::modules::database_of;

/// Maximum time that a command of recovery waits for the subscribers.
const DRAIN_DEADLINE: Duration = Duration::from_secs(600);

/// Makes an error of a database's error while a module worked.
fn in_database(module: &'static str) -> impl FnOnce(DbError) -> Error {
    let database = database_of(module).map_or(module, |database| database.as_str());
    move |error| Error::Database { database, error }
}

//! `piecework supervise-postgres DIR`: the detached process that supervises the embedded
//! PostgreSQL.

use std::path::Path;
use std::time::Duration;

use crate::Error;

/// Runs the command until the last user of PostgreSQL has ended.
pub fn run(directory: &Path) -> Result<(), Error> {
    Ok(embedded_postgres::supervise(directory, Duration::ZERO)?)
}

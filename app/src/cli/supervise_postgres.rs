//! `piecework supervise-postgres DIR`: the detached process that owns the embedded PostgreSQL.

use std::path::Path;
use std::time::Duration;

use crate::Error;

pub fn run(directory: &Path, linger: Duration) -> Result<(), Error> {
    Ok(embedded_postgres::supervise(directory, linger)?)
}

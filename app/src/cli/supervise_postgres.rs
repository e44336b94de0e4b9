//! `piecework supervise-postgres DIR`: the detached process that owns the embedded PostgreSQL.

use std::path::Path;

use crate::Error;

pub fn run(directory: &Path) -> Result<(), Error> {
    Ok(embedded_postgres::supervise(directory)?)
}

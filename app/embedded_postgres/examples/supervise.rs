//! The supervisor program of the tests of this crate. The product uses `piecework
//! supervise-postgres`.

use std::path::Path;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("usage: supervise DIRECTORY")?;
    Ok(embedded_postgres::supervise(Path::new(&directory), Duration::ZERO)?)
}

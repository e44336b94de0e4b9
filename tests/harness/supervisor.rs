//! The supervisor of the tests' PostgreSQL, and the build script that passes its path on.
//!
//! Cargo builds the build script of a dependency before the dependency, but no program of it. So
//! one executable has both roles: Cargo runs it without arguments, the harness runs it as
//! `STOP_DELAY_SECONDS DIRECTORY`. A module's tests therefore need neither the application nor a
//! program that must be built first.

use std::env;
use std::path::Path;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            println!("cargo::rustc-env=POSTGRES_SUPERVISOR={}", env::current_exe()?.display());
            println!("cargo::rerun-if-changed=harness/supervisor.rs");
            Ok(())
        }
        [stop_delay_seconds, directory] => {
            let stop_delay = Duration::from_secs(stop_delay_seconds.parse()?);
            Ok(embedded_postgres::supervise(Path::new(directory), stop_delay)?)
        }
        _ => Err("usage: supervisor STOP_DELAY_SECONDS DIRECTORY".into()),
    }
}

//! The PostgreSQL server that all tests of one user and one source tree share. It stops after its
//! last test process.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use embedded_postgres::{Durability, EmbeddedPostgres, Options};

/// Cargo runs test programs one after the other. The server outlives each of them by this time,
/// so that the next one finds the server and its template databases.
const STOP_DELAY_SECONDS: u32 = 5;

static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();

/// The URL of `database` on the tests' server. The first call of a process starts or joins the
/// server.
#[must_use]
pub fn postgres_url(database: &str) -> String {
    SERVER.get_or_init(start).url(database)
}

fn start() -> EmbeddedPostgres {
    let options = Options {
        directory: directory(),
        bin_dir: None,
        durability: Durability::Throwaway,
        settings: Vec::new(),
        standby_of: None,
        supervisor: supervisor(STOP_DELAY_SECONDS),
    };
    EmbeddedPostgres::start(&options).unwrap_or_else(|error| panic!("the tests need a PostgreSQL server: {error}"))
}

/// The program that owns a server, with its arguments but the directory (see `supervisor.rs`).
pub(crate) fn supervisor(stop_delay_seconds: u32) -> Vec<OsString> {
    vec![env!("POSTGRES_SUPERVISOR").into(), stop_delay_seconds.to_string().into()]
}

/// Another source tree, or another temporary directory, has another server.
fn directory() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    std::env::temp_dir().hash(&mut hasher);
    memory_directory().join(format!("piecework-tests-{:016x}", hasher.finish()))
}

/// A directory for data that no restart of the machine has to keep: in memory where the system has
/// one.
#[must_use]
pub fn memory_directory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

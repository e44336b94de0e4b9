//! The PostgreSQL that all tests of this user and tree share; the last one to leave takes it away.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use embedded_postgres::{Durability, EmbeddedPostgres, Options};

static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();

/// Where `database` is on the tests' server, which is started if it is not up.
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
        // The test programs come one after the other; between two the server and its templates stay.
        supervisor: vec![binary().into(), "supervise-postgres".into(), "--linger-s=5".into()],
    };
    EmbeddedPostgres::start(&options).unwrap_or_else(|error| panic!("the tests need a PostgreSQL: {error}"))
}

/// In memory where that is possible; another tree or user has another.
fn directory() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    std::env::temp_dir().hash(&mut hasher);
    memory().join(format!("piecework-tests-{:016x}", hasher.finish()))
}

/// A folder for what need not survive.
pub(crate) fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// The program itself, as cargo has built it beside the tests.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().find(|folder| folder.join("piecework").is_file());
    let Some(folder) = folder else {
        panic!("the program is not built: run `cargo test` at the root of the project, or `cargo build` first")
    };
    folder.join("piecework")
}

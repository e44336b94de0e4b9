//! A data directory of its own for each test, and a look at the PostgreSQL inside.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A folder with a data directory in it. Dropping it waits for the embedded server's end, then deletes everything.
pub struct Ground {
    root: TempDir,
}

impl Ground {
    pub fn new() -> Self {
        // Run as root, PostgreSQL is another user and must be able to get in.
        let mut folder = tempfile::Builder::new();
        folder.prefix("piecework-faults-").permissions(Permissions::from_mode(0o755));
        Self { root: folder.tempdir().unwrap() }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.root().join("data")
    }

    /// Writes a file beside the data directory.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn postgres(&self) -> Postgres {
        Postgres::of(&self.data_dir())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for data_dir in [self.data_dir(), self.data_dir().join("demo")] {
            Postgres::of(&data_dir).wait_for_its_end();
        }
    }
}

/// The embedded server of a data directory.
pub struct Postgres {
    directory: PathBuf,
}

impl Postgres {
    pub fn of(data_dir: &Path) -> Self {
        Self { directory: data_dir.join("postgres") }
    }

    /// Who owns the server, and the server; to be asked while it is up.
    pub fn pids(&self) -> [Pid; 2] {
        ["supervisor.lock", "cluster/postmaster.pid"].map(|file| {
            let text = fs::read_to_string(self.directory.join(file)).unwrap();
            Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
        })
    }

    /// Whether PostgreSQL itself thinks that it runs, or ended badly.
    pub fn has_pid_file(&self) -> bool {
        self.directory.join("cluster/postmaster.pid").exists()
    }

    /// Where the server that is up can be asked; none if there is none.
    pub fn url(&self, database: &str) -> Option<String> {
        let server = fs::read_to_string(self.directory.join("server")).ok()?;
        let port = server.lines().find_map(|line| line.strip_prefix("port="))?;
        let password = fs::read_to_string(self.directory.join("password")).ok()?;
        Some(format!("postgres://postgres:{}@127.0.0.1:{port}/{database}", password.trim()))
    }

    /// A connection past the program, to look and to break things.
    pub async fn connect(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.url(database).unwrap()).await.unwrap()
    }

    /// The supervisor holds its lock as long as it lives, and it outlives the server.
    fn wait_for_its_end(&self) {
        if let Ok(lock) = File::open(self.directory.join("supervisor.lock")) {
            flock(&lock, FlockOperation::LockExclusive).unwrap();
        }
    }
}

/// A zombie is not alive: not every container has an init that reaps orphans.
pub fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit_once(") Z").is_some();
    test_kill_process(pid).is_ok() && !is_zombie
}

//! A data directory for each test, and access to the embedded PostgreSQL in it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::{Server, memory_directory, piecework};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A data directory in a temporary directory, in memory: the tests end processes and no machine.
///
/// Dropping it waits for the end of the embedded PostgreSQL, then deletes all files.
pub struct DataDirectory {
    root: TempDir,
}

impl DataDirectory {
    pub fn new() -> Self {
        // If the test runs as root, PostgreSQL runs as another user, who must be able to enter.
        let mut folder = tempfile::Builder::new();
        folder.prefix("piecework-faults-").permissions(Permissions::from_mode(0o755));
        Self { root: folder.tempdir_in(memory_directory()).unwrap() }
    }

    /// The temporary directory, which also holds the files of [`Self::write`].
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn path(&self) -> PathBuf {
        self.root().join("data")
    }

    /// Writes a file beside the data directory.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Starts `serve`.
    pub async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// Starts `serve` with settings as environment variables.
    pub async fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let run = piecework(&self.path(), &["serve", "--json"]);
        settings.iter().fold(run, |run, (name, value)| run.env(name, value)).serve().await
    }

    pub fn postgres(&self) -> Postgres {
        Postgres::of(&self.path())
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        for data_dir in [self.path(), self.path().join("demo")] {
            Postgres::of(&data_dir).wait_for_end();
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

    /// The processes of the supervisor and of the running server.
    pub fn pids(&self) -> [Pid; 2] {
        ["supervisor.lock", "cluster/postmaster.pid"].map(|file| {
            let text = fs::read_to_string(self.directory.join(file)).unwrap();
            Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
        })
    }

    /// Whether PostgreSQL runs, or ended without a shutdown.
    pub fn has_pid_file(&self) -> bool {
        self.directory.join("cluster/postmaster.pid").exists()
    }

    /// The URL of a database on the running server, or `None`.
    pub fn url(&self, database: &str) -> Option<String> {
        let server = fs::read_to_string(self.directory.join("server")).ok()?;
        let port = server.lines().find_map(|line| line.strip_prefix("port="))?;
        let password = fs::read_to_string(self.directory.join("password")).ok()?;
        Some(format!("postgres://postgres:{}@127.0.0.1:{port}/{database}", password.trim()))
    }

    /// A connection to inspect and to damage the data.
    pub async fn connect(&self, database: &str) -> PgConnection {
        PgConnection::connect(&self.url(database).unwrap()).await.unwrap()
    }

    /// The supervisor holds this lock until it ends, and it ends after the server.
    pub fn wait_for_end(&self) {
        if let Ok(lock) = File::open(self.directory.join("supervisor.lock")) {
            flock(&lock, FlockOperation::LockExclusive).unwrap();
        }
    }
}

/// A zombie is not alive. A container without an init process keeps zombies.
pub fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit_once(") Z").is_some();
    test_kill_process(pid).is_ok() && !is_zombie
}

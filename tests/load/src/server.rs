//! The PostgreSQL server of a run. It has the settings of the server that the product starts for
//! itself, and is durable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use rustix::fs::{statfs, statvfs};

use crate::error::{Error, Result, failed};
use crate::sql::Session;

/// The type by which Linux identifies a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// Maximum time until the server has stopped.
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// The pause between two checks whether the server has stopped.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running server. Its directory is deleted when it is stopped.
#[derive(Debug)]
pub struct Server {
    /// The parent of the server's data directory.
    directory: PathBuf,
    bin_dir: PathBuf,
    embedded: EmbeddedPostgres,
    /// The process id of the server.
    postmaster: u32,
}

impl Server {
    /// Starts a server in a new directory below `parent`.
    ///
    /// # Errors
    /// PostgreSQL is not installed, the disk is too small or in memory, or the server is not
    /// durable.
    pub async fn start(parent: &Path, program: &Path, required_bytes: u64) -> Result<Self> {
        let directory = parent.join(format!("piecework-load-{}", std::process::id()));
        check_disk(parent, required_bytes)?;
        // An existing directory belongs to another process and is an error.
        std::fs::create_dir(&directory).map_err(Error::io(format!("create {}", directory.display())))?;
        let options = Options {
            directory: directory.join("postgres"),
            bin_dir: None,
            durability: Durability::Durable,
            settings: Vec::new(),
            standby_of: None,
            supervisor: vec![program.into(), "supervise-postgres".into()],
        };
        let bin_dir = embedded_postgres::find_bin_dir(None)?;
        let started = tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options)).await;
        let embedded = started.map_err(|error| Error::Failed(error.to_string()))??;
        let postmaster = read_postmaster(&embedded.directory().join("cluster/postmaster.pid"))?;
        let server = Self { directory, bin_dir, embedded, postmaster };
        server.check_durable().await?;
        Ok(server)
    }

    async fn check_durable(&self) -> Result<()> {
        let mut session = self.open_session("postgres")?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String = session.value(&format!("show {setting}")).await?;
            if value != "on" {
                return failed(format!("{setting} is {value}: the measured writes would not be durable"));
            }
        }
        Ok(())
    }

    /// The path of one of PostgreSQL's programs, of the version of the server.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// Connects psql to a database.
    ///
    /// # Errors
    /// psql cannot be started.
    pub fn open_session(&self, database: &str) -> Result<Session> {
        Session::open(&self.program("psql"), &self.url(database))
    }

    pub fn url(&self, database: &str) -> String {
        self.embedded.url(database)
    }

    pub const fn postmaster(&self) -> u32 {
        self.postmaster
    }

    /// The directory for the files of a run.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Copies a database. No session may be connected to it.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn copy_database(&self, from: &str, to: &str) -> Result<()> {
        let mut session = self.open_session("postgres")?;
        session.run(&format!("create database {to} template {from} strategy file_copy")).await
    }

    /// # Errors
    /// psql reports an error.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let mut session = self.open_session("postgres")?;
        session.run(&format!("drop database if exists {name} with (force)")).await
    }

    /// Runs a checkpoint, so that no round pays for the writes of the round before it.
    ///
    /// # Errors
    /// psql reports an error.
    pub async fn checkpoint(&self) -> Result<()> {
        self.open_session("postgres")?.run("checkpoint").await
    }

    /// Stops the server and deletes the directory.
    ///
    /// # Errors
    /// The server does not stop, or the directory cannot be deleted.
    pub async fn stop(self) -> Result<()> {
        let Self { directory, embedded, postmaster, .. } = self;
        drop(embedded);
        let ended = async {
            while Path::new(&format!("/proc/{postmaster}")).exists() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        if tokio::time::timeout(STOP_DEADLINE, ended).await.is_err() {
            return failed(format!("PostgreSQL did not stop; its data is in {}", directory.display()));
        }
        std::fs::remove_dir_all(&directory).map_err(Error::io(format!("delete {}", directory.display())))
    }
}

fn check_disk(parent: &Path, required_bytes: u64) -> Result<()> {
    let action = || format!("examine {}", parent.display());
    let kind = statfs(parent).map_err(|error| Error::Io { action: action(), error: error.into() })?.f_type;
    if kind == TMPFS {
        return failed(format!("{} is in memory: choose a directory on a real disk with --dir", parent.display()));
    }
    let disk = statvfs(parent).map_err(|error| Error::Io { action: action(), error: error.into() })?;
    let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free_bytes < required_bytes {
        let gib = |bytes: u64| bytes >> 30;
        return failed(format!(
            "{} has {} GiB free, but {} GiB are needed: choose a directory on another disk with --dir",
            parent.display(),
            gib(free_bytes),
            gib(required_bytes)
        ));
    }
    Ok(())
}

/// Reads the process id in the first line of postmaster.pid.
fn read_postmaster(path: &Path) -> Result<u32> {
    let text = std::fs::read_to_string(path).map_err(Error::io(format!("read {}", path.display())))?;
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    pid.ok_or_else(|| Error::Failed(format!("{} does not begin with a pid", path.display())))
}

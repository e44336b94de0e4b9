//! The PostgreSQL that everything of a run is on: the one the product starts for itself, with the product's settings, and durable.

use std::path::{Path, PathBuf};
use std::time::Duration;

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use rustix::fs::{statfs, statvfs};

use crate::error::{Error, Result, failed};
use crate::sql::Session;

/// The number by which Linux knows a file system in memory.
const TMPFS: i64 = 0x0102_1994;
const STOP_DEADLINE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A server with a folder of its own, which goes with it.
#[derive(Debug)]
pub struct Server {
    /// Above the server's own folder.
    directory: PathBuf,
    bin_dir: PathBuf,
    embedded: EmbeddedPostgres,
    postmaster: u32,
}

impl Server {
    /// Starts one in a new folder below `parent`.
    ///
    /// # Errors
    /// No PostgreSQL, no room, no real disk, or it is not durable.
    pub async fn start(parent: &Path, program: &Path, room_bytes: u64) -> Result<Self> {
        let directory = parent.join(format!("piecework-load-{}", std::process::id()));
        check_disk(parent, room_bytes)?;
        // What is there already belongs to somebody else.
        std::fs::create_dir(&directory).map_err(Error::io(format!("make {}", directory.display())))?;
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
        let mut session = Session::open(self, "postgres")?;
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let value: String = session.value(&format!("show {setting}")).await?;
            if value != "on" {
                return failed(format!("{setting} is {value}: what is measured would not be durable"));
            }
        }
        Ok(())
    }

    /// One of PostgreSQL's programs, of the same version as the server.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    pub fn url(&self, database: &str) -> String {
        self.embedded.url(database)
    }

    pub const fn postmaster(&self) -> u32 {
        self.postmaster
    }

    /// For whatever else a run writes.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes a database as a copy of another, which nobody may be connected to.
    ///
    /// # Errors
    /// What psql says.
    pub async fn copy_database(&self, from: &str, to: &str) -> Result<()> {
        let mut session = Session::open(self, "postgres")?;
        session.run(&format!("create database {to} template {from} strategy file_copy")).await
    }

    /// # Errors
    /// What psql says.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let mut session = Session::open(self, "postgres")?;
        session.run(&format!("drop database if exists {name} with (force)")).await
    }

    /// Writes everything to disk that waits for it, so that no round pays for the one before.
    ///
    /// # Errors
    /// What psql says.
    pub async fn checkpoint(&self) -> Result<()> {
        Session::open(self, "postgres")?.run("checkpoint").await
    }

    /// Gives the server up and deletes the folder.
    ///
    /// # Errors
    /// It does not end, or something cannot be deleted.
    pub async fn stop(self) -> Result<()> {
        let Self { directory, embedded, postmaster, .. } = self;
        drop(embedded);
        let ended = async {
            while Path::new(&format!("/proc/{postmaster}")).exists() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(STOP_DEADLINE, ended).await.is_err() {
            return failed(format!("PostgreSQL does not stop; its data is in {}", directory.display()));
        }
        std::fs::remove_dir_all(&directory).map_err(Error::io(format!("delete {}", directory.display())))
    }
}

fn check_disk(parent: &Path, room_bytes: u64) -> Result<()> {
    let action = || format!("look at {}", parent.display());
    let kind = statfs(parent).map_err(|error| Error::Io { action: action(), error: error.into() })?.f_type;
    if kind == TMPFS {
        return failed(format!("{} is in memory: name a folder on a real disk with --dir", parent.display()));
    }
    let disk = statvfs(parent).map_err(|error| Error::Io { action: action(), error: error.into() })?;
    let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free_bytes < room_bytes {
        let gib = |bytes: u64| bytes >> 30;
        return failed(format!(
            "{} has {} GiB free, and {} are needed: name a folder on another disk with --dir",
            parent.display(),
            gib(free_bytes),
            gib(room_bytes)
        ));
    }
    Ok(())
}

/// The first line of postmaster.pid.
fn read_postmaster(path: &Path) -> Result<u32> {
    let text = std::fs::read_to_string(path).map_err(Error::io(format!("read {}", path.display())))?;
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
    pid.ok_or_else(|| Error::Failed(format!("{} does not begin with a pid", path.display())))
}

//! A primary and its streaming replica: two private servers of the installed PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::postgres::{memory_directory, supervisor};
use crate::wait::eventually;

/// Directories of these servers begin with this text and the id of their test process.
const PREFIX: &str = "piecework-pair-";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Both servers. They stop when this value is dropped, and when the process ends for any reason.
pub struct Pair {
    primary: Server,
    standby: Server,
    databases: AtomicU32,
}

struct Server {
    options: Options,
    running: Mutex<EmbeddedPostgres>,
    port: u16,
}

impl Pair {
    /// Starts both servers, which takes some two seconds.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(|| {
            sweep();
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let folder = memory_directory().join(format!("{PREFIX}{}-{number}", std::process::id()));
            let primary = Server::start(folder.with_extension("primary"), None);
            let standby = Server::start(folder.with_extension("standby"), Some(primary.url("postgres")));
            Self { primary, standby, databases: AtomicU32::new(0) }
        })
        .await
        .expect("a primary and a replica start")
    }

    /// Creates an empty database and waits until the replica has it. Returns its name.
    pub async fn database(&self) -> String {
        let name = format!("pair_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut server = connect(&self.primary.url("postgres")).await;
        server.execute(AssertSqlSafe(format!("create database {name}"))).await.expect("a database can be created");
        eventually("the replica has the database", async || PgConnection::connect(&self.standby.url(&name)).await.ok())
            .await;
        name
    }

    #[must_use]
    pub fn primary_url(&self, database: &str) -> String {
        self.primary.url(database)
    }

    #[must_use]
    pub fn standby_url(&self, database: &str) -> String {
        self.standby.url(database)
    }

    #[must_use]
    pub const fn primary_port(&self) -> u16 {
        self.primary.port
    }

    #[must_use]
    pub const fn standby_port(&self) -> u16 {
        self.standby.port
    }

    pub async fn connect_primary(&self, database: &str) -> PgConnection {
        connect(&self.primary.url(database)).await
    }

    pub async fn connect_standby(&self, database: &str) -> PgConnection {
        connect(&self.standby.url(database)).await
    }

    /// The replica continues to receive changes but does not apply them.
    ///
    /// This concerns all databases, so a test does it to servers of its own only.
    pub async fn pause_replay(&self) {
        self.run_on_standby("select pg_wal_replay_pause()").await;
        eventually("the replay is paused", async || {
            let mut standby = self.connect_standby("postgres").await;
            let state: String =
                sqlx::query_scalar("select pg_get_wal_replay_pause_state()").fetch_one(&mut standby).await.ok()?;
            (state == "paused").then_some(())
        })
        .await;
    }

    pub async fn resume_replay(&self) {
        self.run_on_standby("select pg_wal_replay_resume()").await;
    }

    async fn run_on_standby(&self, statement: &'static str) {
        self.connect_standby("postgres").await.execute(statement).await.expect("the replica executes the statement");
    }

    /// Kills the primary once the replica has all of its log, and promotes the replica.
    pub async fn fail_over(&self) {
        let mut primary = self.connect_primary("postgres").await;
        let flushed: String = sqlx::query_scalar("select pg_current_wal_flush_lsn()::text")
            .fetch_one(&mut primary)
            .await
            .expect("an LSN");
        let mut standby = self.connect_standby("postgres").await;
        eventually("the replica has all of the log", async || {
            let has_it = sqlx::query_scalar("select pg_last_wal_replay_lsn() >= $1::pg_lsn").bind(&flushed);
            has_it.fetch_one(&mut standby).await.is_ok_and(|has_it: bool| has_it).then_some(())
        })
        .await;
        self.kill_primary().await;
        standby.execute("select pg_promote()").await.expect("the replica is promoted");
    }

    /// Changes a setting of the primary.
    pub async fn set_on_primary(&self, setting: &str, value: &str) {
        let mut primary = self.connect_primary("postgres").await;
        let statement = format!("alter system set {setting} = '{value}'");
        primary.execute(AssertSqlSafe(statement)).await.expect("the setting can be changed");
        primary.execute("select pg_reload_conf()").await.expect("the settings are read");
    }

    /// Ends the primary like `kill -9`. It does not start again by itself.
    pub async fn kill_primary(&self) {
        self.primary.kill().await;
    }

    /// Starts the killed primary again on the same data and the same port.
    pub async fn restart_primary(&self) {
        self.primary.restart().await;
    }
}

impl Server {
    fn start(directory: PathBuf, standby_of: Option<String>) -> Self {
        let settings = [
            // As in production, a commit is answered after it is written to disk.
            ("synchronous_commit", "on"),
            ("wal_level", "replica"),
            ("wal_keep_size", "64MB"),
            ("wal_retrieve_retry_interval", "200ms"),
            ("shared_buffers", "32MB"),
        ];
        let options = Options {
            directory,
            bin_dir: None,
            durability: Durability::Throwaway,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            standby_of,
            supervisor: supervisor(0),
        };
        let running = start(&options);
        Self { port: running.port(), running: Mutex::new(running), options }
    }

    fn url(&self, database: &str) -> String {
        self.running.lock().expect("no thread panics while it holds this lock").url(database)
    }

    /// Kills the supervisor first, because it would restart the server.
    async fn kill(&self) {
        for file in ["supervisor.lock", "cluster/postmaster.pid"] {
            let pid = pid_in(&self.options.directory.join(file));
            kill_process(pid, Signal::KILL).expect("the process belongs to this user");
        }
        let port = self.port;
        eventually("no server listens at the port", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.err()
        })
        .await;
    }

    async fn restart(&self) {
        let options = self.options.clone();
        let starting = tokio::task::spawn_blocking(move || start(&options));
        let running = starting.await.expect("the server starts again");
        assert_eq!(running.port(), self.port, "another process has taken the port");
        *self.running.lock().expect("no thread panics while it holds this lock") = running;
    }
}

fn start(options: &Options) -> EmbeddedPostgres {
    EmbeddedPostgres::start(options).unwrap_or_else(|error| panic!("the tests need a PostgreSQL server: {error}"))
}

fn pid_in(file: &Path) -> Pid {
    let text = fs::read_to_string(file).expect("a running server has a file with its pid");
    let pid = text.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
    pid.expect("a pid is a number")
}

/// Deletes directories of test processes that were killed while their server was down.
fn sweep() {
    let entries = fs::read_dir(memory_directory()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok());
        if owner.and_then(Pid::from_raw).is_some_and(|owner| test_kill_process(owner).is_err()) {
            let is_supervised = fs::read_to_string(entry.path().join("supervisor.lock"))
                .is_ok_and(|pid| Path::new("/proc").join(pid.trim()).exists());
            if !is_supervised {
                // Another process may delete the same directory.
                let _swept = fs::remove_dir_all(entry.path());
            }
        }
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a server of the pair answers")
}

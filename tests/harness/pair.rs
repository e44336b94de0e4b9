//! A primary and its streaming replica: two private servers of the installed PostgreSQL.

use std::fs;
use std::path::Path;
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
    /// Further replicas of the primary.
    others: Vec<Server>,
    databases: AtomicU32,
}

struct Server {
    options: Options,
    /// `None` after the server was killed.
    running: Mutex<Option<EmbeddedPostgres>>,
    port: u16,
}

impl Pair {
    /// Starts both servers, which takes some two seconds.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(sweep).await.expect("old directories are deleted");
        let primary = Server::start(None).await;
        let standby = Server::start(Some(&primary)).await;
        Self { primary, standby, others: Vec::new(), databases: AtomicU32::new(0) }
    }

    /// Starts one more replica and returns its port.
    pub async fn add_replica(&mut self) -> u16 {
        let replica = Server::start(Some(&self.primary)).await;
        let port = replica.port;
        self.others.push(replica);
        port
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

    /// The former primary comes back as a replica of the promoted server, on a copy of its data.
    /// From then on, the promoted server is the primary of this pair.
    pub async fn return_former_primary(&mut self) {
        self.primary = Server::start(Some(&self.standby)).await;
        std::mem::swap(&mut self.primary, &mut self.standby);
    }

    /// Starts the killed primary again on the same data and the same port.
    pub async fn restart_primary(&self) {
        self.primary.restart().await;
    }
}

impl Server {
    /// Starts a server in a directory of its own.
    async fn start(primary: Option<&Self>) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let settings = [
            // As in production, a commit is answered after it is written to disk.
            ("synchronous_commit", "on"),
            ("wal_level", "replica"),
            ("wal_keep_size", "64MB"),
            ("wal_retrieve_retry_interval", "200ms"),
            ("shared_buffers", "32MB"),
        ];
        let options = Options {
            directory: memory_directory().join(format!("{PREFIX}{}-{number}", std::process::id())),
            bin_dir: None,
            durability: Durability::Throwaway,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            standby_of: primary.map(|primary| primary.url("postgres")),
            supervisor: supervisor(0),
        };
        let running = start(&options).await;
        Self { port: running.port(), running: Mutex::new(Some(running)), options }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Kills the supervisor first, because it would restart the server. Before that, the supervisor
    /// is suspended and loses its user: a user starts another supervisor, and a supervisor without
    /// users deletes the data.
    async fn kill(&self) {
        let signal = |file: &str, signal| {
            let pid = pid_in(&self.options.directory.join(file));
            kill_process(pid, signal).expect("the process belongs to this user");
        };
        signal("supervisor.lock", Signal::STOP);
        drop(self.take_running());
        signal("supervisor.lock", Signal::KILL);
        signal("cluster/postmaster.pid", Signal::KILL);
        let port = self.port;
        eventually("no server listens at the port", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.err()
        })
        .await;
    }

    async fn restart(&self) {
        let running = start(&self.options).await;
        assert_eq!(running.port(), self.port, "another process has taken the port");
        *self.running.lock().expect("no thread panics while it holds this lock") = Some(running);
    }

    fn take_running(&self) -> Option<EmbeddedPostgres> {
        self.running.lock().expect("no thread panics while it holds this lock").take()
    }
}

async fn start(options: &Options) -> EmbeddedPostgres {
    let options = options.clone();
    let starting = tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options)).await;
    let started = starting.expect("a start does not panic");
    started.unwrap_or_else(|error| panic!("the tests need a PostgreSQL server: {error}"))
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

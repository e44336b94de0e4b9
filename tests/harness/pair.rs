//! A primary and a streaming replica of it: two servers of the installed PostgreSQL, which end with the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::server::{binary, memory};
use crate::wait::eventually;

const PREFIX: &str = "piecework-pair-";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Both servers; they end when this is dropped, and when the process ends in whatever way.
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
    /// Takes some two seconds.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(|| {
            sweep();
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let folder = memory().join(format!("{PREFIX}{}-{number}", std::process::id()));
            let primary = Server::start(folder.with_extension("primary"), None);
            let standby = Server::start(folder.with_extension("standby"), Some(primary.url("postgres")));
            Self { primary, standby, databases: AtomicU32::new(0) }
        })
        .await
        .expect("a primary and a replica start")
    }

    /// A new database, empty, on both; its name.
    pub async fn database(&self) -> String {
        let name = format!("pair_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut server = connect(&self.primary.url("postgres")).await;
        server.execute(AssertSqlSafe(format!("create database {name}"))).await.expect("a database is made");
        eventually("the replica has it too", async || PgConnection::connect(&self.standby.url(&name)).await.ok()).await;
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

    /// The replica goes on receiving, but what it receives is not seen. For everybody, so only in a pair of one's own.
    pub async fn pause_replay(&self) {
        self.tell_standby("select pg_wal_replay_pause()").await;
        eventually("the replay is paused", async || {
            let mut standby = self.connect_standby("postgres").await;
            let state: String =
                sqlx::query_scalar("select pg_get_wal_replay_pause_state()").fetch_one(&mut standby).await.ok()?;
            (state == "paused").then_some(())
        })
        .await;
    }

    pub async fn resume_replay(&self) {
        self.tell_standby("select pg_wal_replay_resume()").await;
    }

    async fn tell_standby(&self, statement: &'static str) {
        self.connect_standby("postgres").await.execute(statement).await.expect("the replica obeys");
    }

    /// As `kill -9`; it stays down.
    pub async fn kill_primary(&self) {
        self.primary.kill().await;
    }

    /// Starts it again on what it left, at the same port.
    pub async fn revive_primary(&self) {
        self.primary.revive().await;
    }
}

impl Server {
    fn start(directory: PathBuf, standby_of: Option<String>) -> Self {
        let settings = [
            // Tests are about what holds in production: a commit that is answered is flushed.
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
            supervisor: vec![binary().into(), "supervise-postgres".into()],
        };
        let running = start(&options);
        Self { port: running.port(), running: Mutex::new(running), options }
    }

    fn url(&self, database: &str) -> String {
        self.running.lock().expect("no test panics here").url(database)
    }

    /// Its supervisor first, who would bring it back.
    async fn kill(&self) {
        for file in ["supervisor.lock", "cluster/postmaster.pid"] {
            let pid = pid_in(&self.options.directory.join(file));
            kill_process(pid, Signal::KILL).expect("a process of ours");
        }
        let port = self.port;
        eventually("nobody listens there any more", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.err()
        })
        .await;
    }

    async fn revive(&self) {
        let options = self.options.clone();
        let starting = tokio::task::spawn_blocking(move || start(&options));
        let running = starting.await.expect("it starts again");
        assert_eq!(running.port(), self.port, "somebody else has taken the port meanwhile");
        *self.running.lock().expect("no test panics here") = running;
    }
}

fn start(options: &Options) -> EmbeddedPostgres {
    EmbeddedPostgres::start(options).unwrap_or_else(|error| panic!("the tests need a PostgreSQL: {error}"))
}

fn pid_in(file: &Path) -> Pid {
    let text = fs::read_to_string(file).expect("a running server says its pid");
    let pid = text.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
    pid.expect("a pid is a number")
}

/// What runs that were killed while a server was down have left: folders, no processes.
fn sweep() {
    let entries = fs::read_dir(memory()).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok());
        if owner.and_then(Pid::from_raw).is_some_and(|owner| test_kill_process(owner).is_err()) {
            let is_supervised = fs::read_to_string(entry.path().join("supervisor.lock"))
                .is_ok_and(|pid| Path::new("/proc").join(pid.trim()).exists());
            if !is_supervised {
                // Another run may be sweeping too.
                let _swept = fs::remove_dir_all(entry.path());
            }
        }
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a server of the pair answers")
}

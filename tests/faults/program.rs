//! The program as a child process: started, asked, signalled, killed, and never left behind.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use harness::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::ground::Ground;
use crate::http::Api;

const DEADLINE: Duration = Duration::from_secs(60);

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Outcome {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// What it said, if it went well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "a command failed: {self:#?}");
        self.stdout
    }

    /// The same as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// What it complained of, if it failed with this exit code.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "a command ended otherwise: {self:#?}");
        self.stderr
    }
}

/// One run of the program, to be set up.
pub struct Run {
    command: Command,
    input: String,
}

/// A run of the program in this data directory; in the tests' profile any port will do.
pub fn piecework(data_dir: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(harness::binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PIECEWORK") {
            command.env_remove(name);
        }
    }
    command.args(arguments).arg("--data-dir").arg(data_dir).env("PIECEWORK_PROFILE", "test");
    Run { command, input: String::new() }
}

impl Run {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it reads from standard input, which is no terminal.
    pub fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Runs it to its end.
    pub async fn finish(mut self) -> Outcome {
        let mut child =
            self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Whoever does not read it may be gone by now.
        let _unread = child.stdin.take().unwrap().write_all(self.input.as_bytes());
        let mut guard = Guard(Some(child));
        let child = guard.0.take().unwrap();
        let pid = Pid::from_child(&child);
        let waiting = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let Ok(output) = tokio::time::timeout(DEADLINE, waiting).await else {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("a command did not end in time: {:?}", self.command);
        };
        let output = output.unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts it and leaves it running; its complaints go to a file.
    pub fn spawn(mut self, ground: &Ground) -> Running {
        let log = ground.root().join("stderr");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let child = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        Running { guard: Guard(Some(child)), log }
    }
}

/// Kills its process when it is dropped.
struct Guard(Option<Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A program that goes on until it is told otherwise.
pub struct Running {
    guard: Guard,
    log: PathBuf,
}

impl Running {
    fn child(&mut self) -> &mut Child {
        self.guard.0.as_mut().unwrap()
    }

    /// Kills it with SIGKILL and sees it dead.
    pub fn kill(mut self) {
        self.child().kill().unwrap();
        self.child().wait().unwrap();
        self.guard.0 = None;
    }

    /// Sends a signal, and waits for its end.
    pub async fn end_with(mut self, signal: Signal) -> ExitStatus {
        let child = self.guard.0.as_mut().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
        let status = eventually("the program ends", async || child.try_wait().unwrap()).await;
        self.guard.0 = None;
        status
    }

    /// The first value on standard output: what it says when it is up.
    async fn greeting(&mut self) -> Value {
        let stdout = self.child().stdout.take().unwrap();
        let read = |stdout: ChildStdout| serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next();
        let reading = tokio::task::spawn_blocking(move || read(stdout));
        let greeting = tokio::time::timeout(DEADLINE, reading).await;
        let complaints = || std::fs::read_to_string(&self.log).unwrap_or_default();
        match greeting {
            Ok(Ok(Some(Ok(greeting)))) => greeting,
            other => panic!("the program did not come up ({other:?}): {}", complaints()),
        }
    }
}

/// `piecework serve` or `demo` that is up.
pub struct Server {
    running: Running,
    pub greeting: Value,
    pub api: Api,
}

/// Starts `serve` in the ground's data directory.
pub async fn serve(ground: &Ground) -> Server {
    serve_with(ground, &[]).await
}

/// The same with settings from the environment.
pub async fn serve_with(ground: &Ground, settings: &[(&str, &str)]) -> Server {
    let run = piecework(&ground.data_dir(), &["serve", "--json"]);
    let run = settings.iter().fold(run, |run, (name, value)| run.env(name, value));
    Server::from(run.spawn(ground)).await
}

impl Server {
    pub async fn from(mut running: Running) -> Self {
        let greeting = running.greeting().await;
        let api = Api::at(greeting["url"].as_str().unwrap());
        Self { running, greeting, api }
    }

    /// As `kill -9`: nobody is told.
    pub fn kill(self) {
        self.running.kill();
    }

    pub async fn end_with(self, signal: Signal) -> ExitStatus {
        self.running.end_with(signal).await
    }

    /// In good order.
    pub async fn stop(self) {
        let status = self.end_with(Signal::TERM).await;
        assert_eq!(status.code(), Some(0));
    }

    pub fn port(&self) -> &str {
        self.api.url().rsplit_once(':').unwrap().1
    }

    /// Uses the link for the first admin, and logs in.
    pub async fn first_admin(&self) -> Api {
        let body = serde_json::json!({
            "token": self.greeting["first_admin_token"], "email": ADMIN, "name": "Ada Admin", "password": PASSWORD,
        });
        self.api.post("/auth/set-password", body).await.ok();
        self.api.log_in(ADMIN).await
    }
}

pub const ADMIN: &str = "ada@example.org";
/// Everybody's.
pub const PASSWORD: &str = "a password for tests";

/// Adds a person by the command line, with or without a server.
pub async fn add_person(ground: &Ground, email: &str, role: &str) -> Value {
    let arguments = ["people", "add", "--json", "--email", email, "--name", email, "--role", role];
    piecework(&ground.data_dir(), &arguments).input(&format!("{PASSWORD}\n")).finish().await.json()
}

/// Sees that every invariant holds and nothing is under way.
pub async fn verify_holds(data_dir: &Path) {
    let report = piecework(data_dir, &["verify", "--json"]).finish().await.json();
    assert_eq!(report["findings"], serde_json::json!([]));
    assert_eq!(report["events_in_flight"], 0, "events have not arrived: {report}");
}

//! The program as a child process: started, asked, signalled, killed, and never left running.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::api::Api;
use super::system::{PASSWORD, Person, create_first_admin};
use crate::eventually;

/// Maximum time for a command to end, and for a server to start.
const DEADLINE: Duration = Duration::from_secs(60);

/// Settings of the program as names and values of environment variables.
pub type Settings = Vec<(String, String)>;

/// How a command ended, and its output.
#[derive(Debug)]
pub struct Outcome {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The standard output of a command that must succeed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "a command failed: {self:#?}");
        self.stdout
    }

    /// The standard output of a command that must succeed, as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// The error messages of a command that must fail with this exit code.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "a command ended with another exit code: {self:#?}");
        self.stderr
    }
}

/// A command line of the program with its data directory, settings and input.
#[derive(Debug, Clone)]
pub struct Run {
    data_dir: PathBuf,
    arguments: Vec<String>,
    settings: Settings,
    input: String,
}

/// A run of the program in the profile `test`, in which it listens on any free port.
#[must_use]
pub fn piecework(data_dir: &Path, arguments: &[&str]) -> Run {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Run { data_dir: data_dir.to_owned(), arguments, settings: Settings::new(), input: String::new() }
}

impl Run {
    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets several environment variables.
    #[must_use]
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    /// Text for the standard input, which is not a terminal.
    #[must_use]
    pub fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Runs the command to its end.
    pub async fn finish(self) -> Outcome {
        let mut command = self.command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may have ended already.
        let _unread = child.stdin.take().unwrap().write_all(self.input.as_bytes());
        let pid = Pid::from_child(&child);
        let waiting = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let Ok(output) = tokio::time::timeout(DEADLINE, waiting).await else {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("a command did not end in time: {command:?}");
        };
        let output = output.unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the command and does not wait for it. Its standard error goes to a file beside the
    /// data directory.
    #[must_use]
    pub fn spawn(&self) -> Process {
        let log = self.data_dir.with_extension("log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let log = Log { start: stderr.metadata().unwrap().len(), path: log };
        let child = self.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        Process { child: Some(child), log, printed: None }
    }

    /// Starts `serve` or `demo` and waits until it answers.
    pub async fn serve(self) -> Server {
        let mut process = self.spawn();
        let greeting = process.greeting().await;
        let api = Api::anonymous(greeting["url"].as_str().unwrap().to_owned());
        Server { run: self, process, greeting, api }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PIECEWORK") {
                command.env_remove(name);
            }
        }
        command.args(&self.arguments).arg("--data-dir").arg(&self.data_dir).env("PIECEWORK_PROFILE", "test");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The program. Cargo builds it for the integration tests of the package `piecework`, in a
/// directory above theirs.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let program = test.ancestors().map(|directory| directory.join("piecework")).find(|path| path.is_file());
    program.expect("the program is built for the tests of the package piecework")
}

/// The standard error of one process in a file to which the processes before it have written too.
#[derive(Debug, Clone)]
struct Log {
    path: PathBuf,
    /// The length of the file when the process began, in bytes.
    start: u64,
}

impl Log {
    fn read(&self) -> String {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let start = usize::try_from(self.start).unwrap();
        String::from_utf8_lossy(text.get(start..).unwrap_or_default()).into_owned()
    }
}

/// The program as a running process. Dropping it kills it.
pub struct Process {
    child: Option<Child>,
    log: Log,
    /// The JSON values on standard output, once the greeting was asked for.
    printed: Option<mpsc::UnboundedReceiver<Value>>,
}

impl Process {
    /// Sends SIGKILL and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().expect("the process runs")), signal).unwrap();
    }

    /// Sends a signal and waits for the end.
    pub async fn end_with(mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let child = self.child.as_mut().expect("the process runs");
        let status = eventually("the program ends", async || child.try_wait().unwrap()).await;
        self.child = None;
        status
    }

    /// Everything that this process has written to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.read()
    }

    /// The first JSON value on standard output, which the program prints when it answers requests.
    async fn greeting(&mut self) -> Value {
        let stdout = self.child.as_mut().and_then(|child| child.stdout.take()).unwrap();
        let (sender, printed) = mpsc::unbounded_channel();
        // This thread ends with the program. Values that are not received are dropped.
        std::thread::spawn(move || {
            let values = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
            values.map_while(Result::ok).for_each(|value| drop(sender.send(value)));
        });
        self.printed = Some(printed);
        self.next_value().await
    }

    /// The next JSON value on standard output.
    async fn next_value(&mut self) -> Value {
        let printed = self.printed.as_mut().expect("the program was asked for its greeting");
        match tokio::time::timeout(DEADLINE, printed.recv()).await {
            Ok(Some(value)) => value,
            other => panic!("the program printed no JSON ({other:?}): {}", self.log()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}:\n{}", self.log.path.display(), self.log());
        }
    }
}

/// `serve` or `demo` as a process that answers requests.
pub struct Server {
    run: Run,
    process: Process,
    /// What the program printed when it was ready: its URL, and the token for the first admin.
    pub greeting: Value,
    /// A client without a token.
    pub api: Api,
}

impl Server {
    /// Starts `serve` in this data directory.
    pub async fn start(data_dir: &Path, settings: &Settings) -> Self {
        piecework(data_dir, &["serve", "--json"]).settings(settings).serve().await
    }

    /// Everything that this process has written to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.run.settings
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.greeting["url"].as_str().unwrap().to_owned()
    }

    #[must_use]
    pub fn port(&self) -> &str {
        self.greeting["url"].as_str().unwrap().rsplit_once(':').unwrap().1
    }

    /// Ends the process like `kill -9`: it has no time for anything.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again with the same settings, on the data that it has left.
    pub async fn restart(&mut self) {
        self.kill();
        *self = self.run.clone().serve().await;
    }

    /// Sends a signal, and does not wait for anything.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Sends a signal and waits for the end.
    pub async fn end_with(self, signal: Signal) -> ExitStatus {
        self.process.end_with(signal).await
    }

    /// How the process ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.child.as_mut()?.try_wait().unwrap()
    }

    /// Stops the process, which must end with exit code 0.
    pub async fn stop(self) {
        let log = self.process.log.clone();
        let status = self.end_with(Signal::TERM).await;
        assert_eq!(status.code(), Some(0), "{}", log.read());
    }

    /// The next JSON value that the program prints after its greeting.
    pub async fn next_value(&mut self) -> Value {
        self.process.next_value().await
    }

    /// The token of the first admin's link. If the database was slower than the program, the
    /// program prints the link after its greeting.
    pub async fn first_admin_token(&mut self) -> String {
        if self.greeting["first_admin_token"].is_null() {
            let later = self.next_value().await;
            self.greeting["first_admin_token"] = later["first_admin_token"].clone();
        }
        self.greeting["first_admin_token"].as_str().unwrap().to_owned()
    }

    pub async fn first_admin(&mut self) -> Person {
        let token = self.first_admin_token().await;
        create_first_admin(&self.api, &token).await
    }
}

/// Creates a person by the command line, with or without a running server.
pub async fn create_person(data_dir: &Path, email: &str, role: &str) -> Value {
    create_person_with(data_dir, &Settings::new(), email, role).await
}

/// The same with settings.
pub async fn create_person_with(data_dir: &Path, settings: &Settings, email: &str, role: &str) -> Value {
    let arguments = ["people", "add", "--json", "--email", email, "--name", email, "--role", role];
    piecework(data_dir, &arguments).settings(settings).input(&format!("{PASSWORD}\n")).finish().await.json()
}

/// Asserts by `verify` that every invariant holds and that no event is in flight.
pub async fn assert_verified(data_dir: &Path) {
    let report = piecework(data_dir, &["verify", "--json"]).finish().await.json();
    assert_eq!(report["findings"], json!([]));
    assert_eq!(report["events_in_flight"], 0, "events are not delivered: {report}");
}

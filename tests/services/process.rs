//! The program as a child process, which never stays behind.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use harness::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(60);

/// The settings of a process, as variables of its environment.
pub type Settings = Vec<(String, String)>;

/// A `serve` that is up; dropping it kills it.
pub struct Process {
    child: Option<Child>,
    data_dir: PathBuf,
    settings: Settings,
    pub greeting: Value,
}

/// The program in this data directory, with these settings and none of ours.
fn command(data_dir: &Path, arguments: &[&str], settings: &Settings) -> Command {
    let mut command = Command::new(harness::binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PIECEWORK") {
            command.env_remove(name);
        }
    }
    command.args(arguments).arg("--data-dir").arg(data_dir).env("PIECEWORK_PROFILE", "test");
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs a command to its end.
pub async fn run(data_dir: &Path, arguments: &[&str], settings: &Settings) -> Output {
    let mut command = command(data_dir, arguments, settings);
    command.stdin(Stdio::null());
    let running = tokio::task::spawn_blocking(move || command.output().unwrap());
    tokio::time::timeout(DEADLINE, running).await.expect("a command ends in time").unwrap()
}

impl Process {
    /// Starts `serve` and waits until it says where it is.
    pub async fn serve(data_dir: &Path, settings: &Settings) -> Self {
        std::fs::create_dir_all(data_dir).unwrap();
        let stderr = File::options().create(true).append(true).open(data_dir.join("log")).unwrap();
        let mut command = command(data_dir, &["serve", "--json"], settings);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut process = Self {
            child: Some(child),
            data_dir: data_dir.to_owned(),
            settings: settings.clone(),
            greeting: Value::Null,
        };
        let read = |stdout: ChildStdout| serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next();
        let reading = tokio::task::spawn_blocking(move || read(stdout));
        process.greeting = match tokio::time::timeout(DEADLINE, reading).await {
            Ok(Ok(Some(Ok(greeting)))) => greeting,
            other => panic!("a process did not come up ({other:?}): {}", process.complaints()),
        };
        process
    }

    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it has logged.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("log")).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.greeting["address"].as_str().unwrap())
    }

    /// As `kill -9`: nobody is told.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again as it was, on what it has left.
    pub async fn restart(&mut self) {
        let again = Self::serve(&self.data_dir, &self.settings).await;
        *self = again;
    }

    /// In good order.
    pub async fn stop(mut self) {
        let Some(child) = self.child.as_mut() else { return };
        kill_process(Pid::from_child(child), Signal::TERM).unwrap();
        let status = eventually("the process ends", async || child.try_wait().unwrap()).await;
        assert_eq!(status.code(), Some(0), "{}", self.complaints());
        self.child = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}:\n{}", self.data_dir.display(), self.complaints());
        }
    }
}

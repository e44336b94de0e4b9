//! The program that is measured. It is built as it is released and runs as a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::error::{Error, Result, failed};

/// Maximum time from the start of `serve` to its startup message.
const START_DEADLINE: Duration = Duration::from_secs(120);

/// Maximum time from SIGTERM to the end of the process.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// The path of the program. Builds the program unless a path is given.
///
/// # Errors
/// The program does not compile or does not exist.
pub fn locate(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given {
        return path.canonicalize().map_err(Error::io(format!("find {}", path.display())));
    }
    let mut build = std::process::Command::new(env!("CARGO"));
    build.arg("build").current_dir(env!("CARGO_MANIFEST_DIR"));
    if cfg!(debug_assertions) {
        // The tests build the program in the same way, so nothing is built twice.
        build.args(["--workspace", "--bins"]);
    } else {
        // The program is measured as it is released.
        build.args(["--release", "--package", "piecework"]);
    }
    // Standard output is for the results of this program.
    let status = build.stdout(Stdio::null()).status().map_err(Error::io("run cargo"))?;
    if !status.success() {
        return failed("the program does not compile");
    }
    let load = std::env::current_exe().map_err(Error::io("find this program"))?;
    let path = load.with_file_name("piecework");
    if path.is_file() { Ok(path) } else { failed(format!("cargo did not build {}", path.display())) }
}

/// The program with its settings. It gets no other setting from the environment.
#[derive(Debug, Clone)]
pub struct Program {
    /// The path of the executable.
    pub path: PathBuf,
    /// Environment variables with their values.
    pub settings: Vec<(String, String)>,
    /// The file for its standard error.
    pub log: PathBuf,
}

impl Program {
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PIECEWORK") {
                command.env_remove(name);
            }
        }
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.map_err(Error::io(format!("open {}", self.log.display())))?;
        command.args(arguments).arg("--json").envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command to its end. Returns what it has printed.
    ///
    /// # Errors
    /// The command fails. The error has the end of its log.
    pub async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command(arguments)?.output().await.map_err(Error::io("run the program"))?;
        let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if output.status.success() {
            return Ok(printed);
        }
        failed(format!("`piecework {}` failed: {printed}\n{}", arguments.join(" "), self.end_of_log()))
    }

    /// Starts `serve` and waits for its startup message.
    ///
    /// # Errors
    /// The program does not start. The error has the end of its log.
    pub async fn serve(&self) -> Result<Process> {
        let start = Instant::now();
        let mut child = self.command(&["serve"])?.spawn().map_err(Error::io("start the program"))?;
        let startup_message = match tokio::time::timeout(START_DEADLINE, read_startup_message(&mut child)).await {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return failed(format!("{error}\n{}", self.end_of_log())),
            Err(_) => return failed(format!("the program did not start in time\n{}", self.end_of_log())),
        };
        let started_in = start.elapsed();
        let address = startup_message["address"].as_str().and_then(|address| address.parse().ok());
        let Some(address) = address else {
            return failed(format!("the startup message has no address: {startup_message}"));
        };
        Ok(Process { child, address, startup_message, started_in })
    }

    fn end_of_log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Reads until the startup message, which is one JSON object, is complete.
async fn read_startup_message(child: &mut Child) -> Result<Value> {
    let Some(mut output) = child.stdout.take() else { return failed("the program has no output") };
    let mut text = Vec::new();
    loop {
        let read = output.read_buf(&mut text).await.map_err(Error::io("read from the program"))?;
        if read == 0 {
            return failed("the program ended during its startup");
        }
        if let Ok(message) = serde_json::from_slice(&text) {
            return Ok(message);
        }
    }
}

/// A running `serve`. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The address that the program listens on.
    pub address: SocketAddr,
    /// The JSON object that the program prints when it is ready.
    pub startup_message: Value,
    /// Time from the start of the process to its startup message.
    pub started_in: Duration,
}

impl Process {
    /// # Errors
    /// The process has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| Error::Failed("the program has ended".to_owned()))
    }

    /// Stops the process with SIGTERM.
    ///
    /// # Errors
    /// The process does not end in time or reports a failure.
    pub async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)
                .map_err(|error| Error::Io { action: "stop the program".to_owned(), error: error.into() })?;
        }
        let status = tokio::time::timeout(STOP_DEADLINE, self.child.wait()).await;
        let status: Option<ExitStatus> = status.ok().and_then(std::result::Result::ok);
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => failed(format!("the program ended with {status}")),
            None => failed("the program did not stop in time"),
        }
    }
}

//! The program that is measured: built as it is shipped, and run as a process of its own.

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

const START_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// Where the program is; built first, unless it is given.
///
/// # Errors
/// It does not compile, or is not there.
pub fn locate(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given {
        return path.canonicalize().map_err(Error::io(format!("find {}", path.display())));
    }
    let mut build = std::process::Command::new(env!("CARGO"));
    build.arg("build").current_dir(env!("CARGO_MANIFEST_DIR"));
    if cfg!(debug_assertions) {
        // As the tests build it, so that nothing is built twice.
        build.args(["--workspace", "--bins"]);
    } else {
        // As it is shipped.
        build.args(["--release", "--package", "piecework"]);
    }
    // Results go to standard output, and this is none.
    let status = build.stdout(Stdio::null()).status().map_err(Error::io("run cargo"))?;
    if !status.success() {
        return failed("the program does not compile");
    }
    let ours = std::env::current_exe().map_err(Error::io("find this program"))?;
    let path = ours.with_file_name("piecework");
    if path.is_file() { Ok(path) } else { failed(format!("cargo has not built {}", path.display())) }
}

/// The program with its settings, which are all it is told by the environment.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub settings: Vec<(String, String)>,
    /// What it says on standard error goes there.
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

    /// Runs a command to its end; what it printed.
    ///
    /// # Errors
    /// It failed; with the end of its log.
    pub async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command(arguments)?.output().await.map_err(Error::io("run the program"))?;
        let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if output.status.success() {
            return Ok(printed);
        }
        failed(format!("`piecework {}` failed: {printed}\n{}", arguments.join(" "), self.end_of_log()))
    }

    /// Starts `serve` and waits until it is up.
    ///
    /// # Errors
    /// It does not come up; with the end of its log.
    pub async fn serve(&self) -> Result<Serving> {
        let began = Instant::now();
        let mut child = self.command(&["serve"])?.spawn().map_err(Error::io("start the program"))?;
        let greeting = match tokio::time::timeout(START_DEADLINE, read_greeting(&mut child)).await {
            Ok(Ok(greeting)) => greeting,
            Ok(Err(error)) => return failed(format!("{error}\n{}", self.end_of_log())),
            Err(_) => return failed(format!("the program does not come up\n{}", self.end_of_log())),
        };
        let started_in = began.elapsed();
        let address = greeting["address"].as_str().and_then(|address| address.parse().ok());
        let Some(address) = address else { return failed(format!("a greeting without an address: {greeting}")) };
        Ok(Serving { child, address, greeting, started_in })
    }

    fn end_of_log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Reads until the greeting, one JSON object, is whole.
async fn read_greeting(child: &mut Child) -> Result<Value> {
    let Some(mut output) = child.stdout.take() else { return failed("the program has no output") };
    let mut text = Vec::new();
    loop {
        let read = output.read_buf(&mut text).await.map_err(Error::io("read from the program"))?;
        if read == 0 {
            return failed("the program ended instead of coming up");
        }
        if let Ok(greeting) = serde_json::from_slice(&text) {
            return Ok(greeting);
        }
    }
}

/// A `serve` that is up; killed if it is dropped.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    pub address: SocketAddr,
    pub greeting: Value,
    pub started_in: Duration,
}

impl Serving {
    /// # Errors
    /// It has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| Error::Failed("the program has ended".to_owned()))
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// It does not end, or ends badly.
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
            None => failed("the program does not stop"),
        }
    }
}

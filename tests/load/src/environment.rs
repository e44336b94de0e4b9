//! What the scenarios of a run share: the server and the installations.

use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::error::{Error, Result};
use crate::installation::{Installation, Size};
use crate::pgbench::Length;
use crate::progress::Progress;
use crate::resources::{CpuSeconds, Memory, cpu_seconds};
use crate::scenario::Scenario;
use crate::server::Server;

/// Number of connections of Piecework's clients, and of the baseline's.
pub const CONNECTIONS: usize = 32;

/// More tasks than any round completes in a second. That many tasks are created beforehand.
const TASKS_PER_SECOND_MAX: u64 = 30_000;

/// Number of tasks for the scenarios that measure a large installation.
const LARGE_TASKS: u64 = 1_000_000;

/// The workers of the small installation have more tasks than a page shows.
const SMALL_SIZE: Size = Size { people: 50, tasks: 10_000 };

/// The size of both installations in a short run.
const SHORT_SIZE: Size = Size { people: 8, tasks: 5_000 };

#[derive(Debug)]
pub struct Environment<'a> {
    /// The PostgreSQL server of the run.
    pub server: &'a Server,
    /// The command line.
    pub arguments: &'a Arguments,
    /// The path of the measured program.
    pub program: PathBuf,
    /// Shows what the run does.
    pub progress: Progress,
    main: Option<Installation>,
    small: Option<Installation>,
    /// The memory of each process at the end of its work.
    memory: Vec<(String, Memory)>,
}

impl<'a> Environment<'a> {
    pub fn new(server: &'a Server, arguments: &'a Arguments, program: PathBuf) -> Self {
        let progress = Progress::new(arguments.scenarios.len());
        Self { server, arguments, program, progress, main: None, small: None, memory: Vec::new() }
    }

    /// The installation of most scenarios. It is created when it is first needed.
    ///
    /// # Errors
    /// The installation cannot be created.
    pub async fn main(&mut self) -> Result<&mut Installation> {
        if self.main.is_none() {
            let installation = self.create("main", self.main_size()).await?;
            self.main = Some(installation);
        }
        self.main.as_mut().ok_or_else(missing)
    }

    /// A small installation, to measure the effect of the size. It is created when it is first
    /// needed.
    ///
    /// # Errors
    /// The installation cannot be created.
    pub async fn small(&mut self) -> Result<&mut Installation> {
        if self.small.is_none() {
            let size = if self.arguments.short { SHORT_SIZE } else { SMALL_SIZE };
            let installation = self.create("small", size).await?;
            self.small = Some(installation);
        }
        self.small.as_mut().ok_or_else(missing)
    }

    /// Restarts the program of the main installation.
    ///
    /// # Errors
    /// The program does not stop or does not start.
    pub async fn restart_main(&mut self) -> Result<()> {
        self.main().await?;
        let installation = self.main.take().ok_or_else(missing)?;
        self.record_memory(&installation.name, installation.process.pid()?)?;
        self.main = Some(installation.restart().await?);
        Ok(())
    }

    /// Records the memory of a process. Only the first call for a name counts, because the process
    /// has then worked the longest.
    ///
    /// # Errors
    /// The process has ended.
    pub fn record_memory(&mut self, name: &str, pid: u32) -> Result<()> {
        if self.memory.iter().all(|(known, _)| known != name) {
            self.memory.push((name.to_owned(), Memory::of(pid)?));
        }
        Ok(())
    }

    async fn create(&self, name: &str, size: Size) -> Result<Installation> {
        let Size { people, tasks } = size;
        self.progress.show(&format!("creating an installation with {people} people and {tasks} tasks"));
        Installation::create(self.server, &self.program, name, size).await
    }

    fn main_size(&self) -> Size {
        let Arguments { short, rounds, round, .. } = self.arguments;
        if *short {
            return SHORT_SIZE;
        }
        let completed = u64::from(*rounds) * round.as_secs() * TASKS_PER_SECOND_MAX;
        let large = [Scenario::List, Scenario::Reassign, Scenario::Foreground, Scenario::Dashboard];
        let tasks = if large.into_iter().any(|scenario| self.arguments.wants(scenario)) { LARGE_TASKS } else { 0 };
        Size { people: 500, tasks: tasks.max(completed) }
    }

    /// The length of a round of the baseline.
    pub const fn length(&self) -> Length {
        if self.arguments.short { Length::Short } else { Length::For(self.arguments.round) }
    }

    /// CPU seconds so far of this process, the installations and PostgreSQL.
    ///
    /// # Errors
    /// A program has ended.
    pub fn cpu(&self) -> Result<CpuSeconds> {
        let pids: Result<Vec<u32>> = self.installations().map(|installation| installation.process.pid()).collect();
        Ok(cpu_seconds(&pids?, self.server.postmaster()))
    }

    fn installations(&self) -> impl Iterator<Item = &Installation> {
        [&self.main, &self.small].into_iter().flatten()
    }

    /// Verifies the data, stops the programs and returns their memory.
    ///
    /// # Errors
    /// An invariant does not hold, or a program does not stop.
    pub async fn finish(mut self) -> Result<Vec<(String, Memory)>> {
        for mut installation in [self.main.take(), self.small.take()].into_iter().flatten() {
            self.progress.show(&format!("verifying the installation `{}`", installation.name));
            self.record_memory(&installation.name, installation.process.pid()?)?;
            installation.verify().await?;
            installation.process.stop().await?;
        }
        self.progress.finish();
        Ok(self.memory)
    }
}

fn missing() -> Error {
    Error::Failed("the installation does not exist".to_owned())
}

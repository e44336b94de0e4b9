//! What the scenarios of a run share: the server, the companies, and the alternation of rounds.

use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::cpu::{CpuSeconds, Memory, cpu_seconds};
use crate::crowd::Tally;
use crate::error::{Error, Result};
use crate::installation::{Installation, Size};
use crate::pgbench::Length;
use crate::progress::Progress;
use crate::report::{Goal, Row};
use crate::scenarios::Scenario;
use crate::server::Server;
use crate::statistics::{Latencies, Spread};

/// Both sides ask over so many connections.
pub const CONNECTIONS: usize = 32;
/// No round gets through more tasks a second, so that many are made beforehand.
const TASKS_PER_SECOND_MAX: u64 = 15_000;
const REASSIGNED_TASKS: u64 = 1_000_000;

/// One run.
#[derive(Debug)]
pub struct World<'a> {
    pub server: &'a Server,
    pub arguments: &'a Arguments,
    pub program: PathBuf,
    pub progress: Progress,
    main: Option<Installation>,
}

impl<'a> World<'a> {
    pub fn new(server: &'a Server, arguments: &'a Arguments, program: PathBuf) -> Self {
        Self { server, arguments, program, progress: Progress::new(arguments.scenarios.len()), main: None }
    }

    /// The company that most scenarios are about, founded when it is first asked for.
    ///
    /// # Errors
    /// It cannot be founded.
    pub async fn main(&mut self) -> Result<&mut Installation> {
        if self.main.is_none() {
            let size = self.main_size();
            self.progress.say(&format!("a company of {} people with {} tasks", size.people, size.tasks));
            self.main = Some(Installation::found(self.server, &self.program, "main", size).await?);
        }
        self.main.as_mut().ok_or_else(|| Error::Failed("there is no company".to_owned()))
    }

    fn main_size(&self) -> Size {
        let Arguments { short, rounds, round, .. } = self.arguments;
        if *short {
            return Size { people: 8, tasks: 5_000 };
        }
        let completed = u64::from(*rounds) * round.as_secs() * TASKS_PER_SECOND_MAX;
        let reassigns = [Scenario::List, Scenario::Reassign, Scenario::Foreground, Scenario::Dashboard];
        let many = reassigns.into_iter().any(|scenario| self.arguments.wants(scenario));
        let base = if many { REASSIGNED_TASKS + completed / 3 } else { completed };
        Size { people: 500, tasks: base }
    }

    /// How long the limit's rounds are.
    pub const fn length(&self) -> Length {
        if self.arguments.short { Length::Short } else { Length::Lasting(self.arguments.round) }
    }

    /// CPU seconds of everybody so far.
    ///
    /// # Errors
    /// The program has ended.
    pub fn cpu(&self) -> Result<CpuSeconds> {
        let app = self.main.as_ref().map(|company| company.serving.pid()).transpose()?;
        Ok(cpu_seconds(app.as_slice(), self.server.postmaster()))
    }

    /// Verifies what was done, and says how much memory it took.
    ///
    /// # Errors
    /// A rule is broken.
    pub async fn finish(mut self) -> Result<Vec<(String, Memory)>> {
        let mut memory = Vec::new();
        if let Some(mut company) = self.main.take() {
            memory.push((company.name.clone(), Memory::of(company.serving.pid()?)?));
            self.progress.say("verify");
            company.verify().await?;
            company.serving.stop().await?;
        }
        self.progress.finish();
        Ok(memory)
    }
}

/// One side's rounds.
#[derive(Debug, Default)]
pub struct Rounds {
    pub rates: Vec<f64>,
    pub latencies: Latencies,
    pub cpu: CpuSeconds,
}

impl Rounds {
    pub fn note(&mut self, tally: &Tally, cpu: CpuSeconds) {
        self.rates.push(tally.per_second());
        self.latencies.extend(&tally.latencies);
        self.cpu = self.cpu + cpu;
    }

    /// # Errors
    /// There was no round.
    pub fn spread(&self) -> Result<Spread> {
        Spread::of(&self.rates).ok_or_else(|| Error::Failed("no round was run".to_owned()))
    }
}

/// The line for two sides that were asked in turns.
///
/// # Errors
/// There was no round.
pub fn compare(what: &str, unit: &'static str, ours: &Rounds, limit: &Rounds, goal: Goal) -> Result<Row> {
    let mut row = Row::new(what, unit, ours.spread()?, Some(limit.spread()?), goal);
    row.latency = ours.latencies.percentiles();
    row.limit_latency = limit.latencies.percentiles();
    row.cpu = Some(ours.cpu);
    row.limit_cpu = Some(limit.cpu);
    Ok(row)
}

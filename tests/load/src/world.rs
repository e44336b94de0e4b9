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
const TASKS_PER_SECOND_MAX: u64 = 30_000;
const MILLION: u64 = 1_000_000;
const SMALL_SIZE: Size = Size { people: 50, tasks: 10_000 };
const SHORT_SIZE: Size = Size { people: 8, tasks: 5_000 };

/// One run.
#[derive(Debug)]
pub struct World<'a> {
    pub server: &'a Server,
    pub arguments: &'a Arguments,
    pub program: PathBuf,
    pub progress: Progress,
    main: Option<Installation>,
    small: Option<Installation>,
    /// Of each program at the end of its work.
    memory: Vec<(String, Memory)>,
}

impl<'a> World<'a> {
    pub fn new(server: &'a Server, arguments: &'a Arguments, program: PathBuf) -> Self {
        let progress = Progress::new(arguments.scenarios.len());
        Self { server, arguments, program, progress, main: None, small: None, memory: Vec::new() }
    }

    /// The company that most scenarios are about, founded when it is first asked for.
    ///
    /// # Errors
    /// It cannot be founded.
    pub async fn main(&mut self) -> Result<&mut Installation> {
        if self.main.is_none() {
            let company = self.found("main", self.main_size()).await?;
            self.main = Some(company);
        }
        self.main.as_mut().ok_or_else(missing)
    }

    /// A hundredth of it, to see what size does; its workers have as many tasks each as a page shows, and more.
    ///
    /// # Errors
    /// It cannot be founded.
    pub async fn small(&mut self) -> Result<&mut Installation> {
        if self.small.is_none() {
            let size = if self.arguments.short { SHORT_SIZE } else { SMALL_SIZE };
            let company = self.found("small", size).await?;
            self.small = Some(company);
        }
        self.small.as_mut().ok_or_else(missing)
    }

    /// Stops the program of the main company and starts it anew.
    ///
    /// # Errors
    /// It does not stop, or does not come up.
    pub async fn restart_main(&mut self) -> Result<()> {
        self.main().await?;
        let company = self.main.take().ok_or_else(missing)?;
        self.note_memory(&company.name, company.serving.pid()?)?;
        self.main = Some(company.restart().await?);
        Ok(())
    }

    /// Notes what a program holds; only the first time, when it has worked the longest.
    ///
    /// # Errors
    /// It has ended.
    pub fn note_memory(&mut self, name: &str, pid: u32) -> Result<()> {
        if self.memory.iter().all(|(known, _)| known != name) {
            self.memory.push((name.to_owned(), Memory::of(pid)?));
        }
        Ok(())
    }

    async fn found(&self, name: &str, size: Size) -> Result<Installation> {
        self.progress.say(&format!("found a company of {} people with {} tasks", size.people, size.tasks));
        Installation::found(self.server, &self.program, name, size).await
    }

    fn main_size(&self) -> Size {
        let Arguments { short, rounds, round, .. } = self.arguments;
        if *short {
            return SHORT_SIZE;
        }
        let completed = u64::from(*rounds) * round.as_secs() * TASKS_PER_SECOND_MAX;
        let large = [Scenario::List, Scenario::Reassign, Scenario::Foreground, Scenario::Dashboard];
        let tasks = if large.into_iter().any(|scenario| self.arguments.wants(scenario)) { MILLION } else { 0 };
        Size { people: 500, tasks: tasks.max(completed) }
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
        let pids: Result<Vec<u32>> = self.companies().map(|company| company.serving.pid()).collect();
        Ok(cpu_seconds(&pids?, self.server.postmaster()))
    }

    fn companies(&self) -> impl Iterator<Item = &Installation> {
        [&self.main, &self.small].into_iter().flatten()
    }

    /// Verifies what was done, and says how much memory it took.
    ///
    /// # Errors
    /// A rule is broken.
    pub async fn finish(mut self) -> Result<Vec<(String, Memory)>> {
        for mut company in [self.main.take(), self.small.take()].into_iter().flatten() {
            self.progress.say(&format!("verify the company `{}`", company.name));
            self.note_memory(&company.name, company.serving.pid()?)?;
            company.verify().await?;
            company.serving.stop().await?;
        }
        self.progress.finish();
        Ok(self.memory)
    }
}

fn missing() -> Error {
    Error::Failed("there is no company".to_owned())
}

/// One side's rounds.
#[derive(Debug, Default)]
pub struct Rounds {
    /// Or, where latency is what is measured, the p99 of each round.
    pub rates: Vec<f64>,
    pub latencies: Latencies,
    pub cpu: CpuSeconds,
    pub sent_away: u64,
}

impl Rounds {
    pub fn note(&mut self, tally: &Tally, cpu: CpuSeconds) {
        self.rates.push(tally.per_second());
        self.latencies.extend(&tally.latencies);
        self.cpu = self.cpu + cpu;
        self.sent_away += tally.sent_away;
    }
}

/// # Errors
/// There is no value.
pub fn spread(values: &[f64]) -> Result<Spread> {
    Spread::of(values).ok_or_else(|| Error::Failed("no round was run".to_owned()))
}

/// # Errors
/// Nothing was answered.
pub fn p99_ms(latencies: &Latencies) -> Result<f64> {
    let percentiles = latencies.percentiles();
    percentiles.map(|found| found.p99_ms).ok_or_else(|| Error::Failed("nothing was answered".to_owned()))
}

/// Notes a round in which several things were asked beside each other: the p99 of each, and the CPU of all.
///
/// # Errors
/// One of them was never answered.
pub fn note_p99s(rounds: &mut [Rounds], asked: &[Latencies], cpu: CpuSeconds) -> Result<()> {
    for (rounds, latencies) in rounds.iter_mut().zip(asked) {
        rounds.rates.push(p99_ms(latencies)?);
        rounds.latencies.extend(latencies);
        rounds.cpu = rounds.cpu + cpu;
    }
    Ok(())
}

/// The line for two sides that were asked in turns.
///
/// # Errors
/// There was no round.
pub fn compare(what: &str, unit: &'static str, ours: &Rounds, limit: &Rounds, goal: Goal) -> Result<Row> {
    let mut row = Row::new(what, unit, spread(&ours.rates)?, Some(spread(&limit.rates)?), goal);
    row.latency = ours.latencies.percentiles();
    row.limit_latency = limit.latencies.percentiles();
    row.cpu = Some(ours.cpu);
    row.limit_cpu = Some(limit.cpu);
    if ours.sent_away > 0 {
        row = row.with_note(format!("{} times somebody was sent away and came again", ours.sent_away));
    }
    Ok(row)
}

//! The results of several rounds, and the rows that compare them.

use crate::error::{Error, Result};
use crate::generator::Measurement;
use crate::report::{Goal, Row};
use crate::resources::CpuSeconds;
use crate::statistics::{Latencies, Spread};

/// The rounds of one side: of Piecework, or of the baseline.
#[derive(Debug, Default)]
pub struct Rounds {
    /// One value for each round: the rate, or the p99 where the latency is measured.
    pub values: Vec<f64>,
    /// The latencies of all rounds.
    pub latencies: Latencies,
    /// CPU time of all rounds.
    pub cpu: CpuSeconds,
    /// Number of requests that were repeated.
    pub retries: u64,
}

impl Rounds {
    pub fn record(&mut self, measurement: &Measurement, cpu: CpuSeconds) {
        self.values.push(measurement.per_second());
        self.latencies.extend(&measurement.latencies);
        self.cpu = self.cpu + cpu;
        self.retries += measurement.retries;
    }
}

/// # Errors
/// There are no values.
pub fn spread(values: &[f64]) -> Result<Spread> {
    Spread::of(values).ok_or_else(|| Error::Failed("no round was run".to_owned()))
}

/// # Errors
/// There are no answers.
pub fn p99_ms(latencies: &Latencies) -> Result<f64> {
    let percentiles = latencies.percentiles();
    percentiles.map(|percentiles| percentiles.p99_ms).ok_or_else(|| Error::Failed("no request was answered".to_owned()))
}

/// Records one round in which several kinds of requests were sent: the p99 of each kind, and the
/// CPU time of all of them.
///
/// # Errors
/// A kind of request has no answers.
pub fn record_p99s(rounds: &mut [Rounds], latencies: &[Latencies], cpu: CpuSeconds) -> Result<()> {
    for (rounds, latencies) in rounds.iter_mut().zip(latencies) {
        rounds.values.push(p99_ms(latencies)?);
        rounds.latencies.extend(latencies);
        rounds.cpu = rounds.cpu + cpu;
    }
    Ok(())
}

/// The row that compares Piecework with the baseline.
///
/// # Errors
/// One side has no rounds.
pub fn compare(name: &str, unit: &'static str, measured: &Rounds, baseline: &Rounds, goal: Goal) -> Result<Row> {
    let mut row = Row::new(name, unit, spread(&measured.values)?, Some(spread(&baseline.values)?), goal);
    row.latency = measured.latencies.percentiles();
    row.baseline_latency = baseline.latencies.percentiles();
    row.cpu = Some(measured.cpu);
    row.baseline_cpu = Some(baseline.cpu);
    if measured.retries > 0 {
        row = row.with_note(format!("{} requests were repeated because the program was too busy", measured.retries));
    }
    Ok(row)
}

//! Medians and percentiles.

use std::time::Duration;

/// The rates of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` without a single round.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = if sorted.len().is_multiple_of(2) { upper - 1 } else { upper };
        Some(Self { median: f64::midpoint(sorted[lower], sorted[upper]), min, max })
    }
}

/// How long answers took, in microseconds, in no order.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    micros: Vec<u32>,
}

/// Two percentiles of them, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Latencies {
    pub fn note(&mut self, latency: Duration) {
        self.note_micros(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn note_micros(&mut self, micros: u32) {
        self.micros.push(micros);
    }

    pub fn extend(&mut self, others: &Self) {
        self.micros.extend_from_slice(&others.micros);
    }

    pub const fn len(&self) -> usize {
        self.micros.len()
    }

    /// `None` if nothing was answered.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(place).map(|micros| f64::from(*micros) / 1_000.0)
        };
        Some(Percentiles { p50_ms: at(50)?, p99_ms: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.5, min: 1.0, max: 4.0 });
        assert_eq!(Spread::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_percentile_is_the_smallest_value_that_covers_its_share() {
        let mut latencies = Latencies::default();
        (1..=100).rev().for_each(|micros| latencies.note_micros(micros * 1_000));
        assert_eq!(latencies.percentiles(), Some(Percentiles { p50_ms: 50.0, p99_ms: 99.0 }));
        assert_eq!(Latencies::default().percentiles(), None);
    }
}

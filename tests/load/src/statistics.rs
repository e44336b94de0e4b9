//! Medians and percentiles.

use std::time::Duration;

/// The median, minimum and maximum of the rounds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Spread {
    /// The median of the values.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Spread {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = if sorted.len().is_multiple_of(2) { upper - 1 } else { upper };
        Some(Self { median: f64::midpoint(sorted[lower], sorted[upper]), min, max })
    }
}

/// The latencies of answers in microseconds, unordered.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    micros: Vec<u32>,
}

/// Two percentiles of latencies, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        self.record_micros(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn record_micros(&mut self, micros: u32) {
        self.micros.push(micros);
    }

    pub fn extend(&mut self, others: &Self) {
        self.micros.extend_from_slice(&others.micros);
    }

    pub const fn len(&self) -> usize {
        self.micros.len()
    }

    /// `None` without answers.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(index).map(|micros| f64::from(*micros) / 1_000.0)
        };
        Some(Percentiles { p50_ms: at(50)?, p99_ms: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_is_between_the_two_in_the_middle() {
        let spread = Spread::of(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.5, min: 1.0, max: 4.0 });
        assert_eq!(Spread::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_percentile_is_the_smallest_value_that_covers_its_share() {
        let mut latencies = Latencies::default();
        (1..=100).rev().for_each(|micros| latencies.record_micros(micros * 1_000));
        assert_eq!(latencies.percentiles(), Some(Percentiles { p50_ms: 50.0, p99_ms: 99.0 }));
        assert_eq!(Latencies::default().percentiles(), None);
    }
}

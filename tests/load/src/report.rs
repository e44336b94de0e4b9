//! The results as a table and as JSON.

use std::fmt::Write;

use crate::resources::{CpuSeconds, Memory};
use crate::statistics::{Percentiles, Spread};

/// The goal of a figure.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// A lower bound of the ratio to the baseline.
    RatioAtLeast(f64),
    /// An upper bound of the ratio to the baseline.
    RatioAtMost(f64),
    /// An upper bound of the figure, in its unit.
    AtMost(f64),
    /// The figure has no goal.
    None,
}

/// One row of the table.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Row {
    /// The scenario and its figure.
    pub name: String,
    /// The unit of the figures.
    pub unit: &'static str,
    /// The figures of Piecework.
    pub measured: Spread,
    /// The figures of the baseline, if the scenario has one.
    pub baseline: Option<Spread>,
    /// The ratio of the medians.
    pub ratio: Option<f64>,
    /// The goal.
    pub goal: Goal,
    /// Whether the goal is reached; `None` without a goal.
    pub reached: Option<bool>,
    /// The latencies of Piecework.
    pub latency: Option<Percentiles>,
    /// The latencies of the baseline.
    pub baseline_latency: Option<Percentiles>,
    /// CPU time of all rounds together.
    pub cpu: Option<CpuSeconds>,
    /// CPU time of all rounds of the baseline.
    pub baseline_cpu: Option<CpuSeconds>,
    /// A text below the table.
    pub note: String,
}

impl Row {
    pub fn new(
        name: impl Into<String>,
        unit: &'static str,
        measured: Spread,
        baseline: Option<Spread>,
        goal: Goal,
    ) -> Self {
        let ratio = baseline.map(|baseline| measured.median / baseline.median);
        let reached = match goal {
            Goal::RatioAtLeast(least) => ratio.map(|ratio| ratio >= least),
            Goal::RatioAtMost(most) => ratio.map(|ratio| ratio <= most),
            Goal::AtMost(most) => Some(measured.median <= most),
            Goal::None => None,
        };
        Self {
            name: name.into(),
            unit,
            measured,
            baseline,
            ratio,
            goal,
            reached,
            latency: None,
            baseline_latency: None,
            cpu: None,
            baseline_cpu: None,
            note: String::new(),
        }
    }

    /// Adds a note, which is printed below the table.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(&note.into());
        self
    }
}

/// The results of a run.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// The rows in the order of the scenarios.
    pub rows: Vec<Row>,
    /// The memory of each process at the end of its work.
    pub memory: Vec<(String, Memory)>,
    /// The run was `--short`, so the figures mean nothing.
    pub short: bool,
}

/// The headings of the columns.
const HEADINGS: [&str; 10] = [
    "scenario",
    "unit",
    "piecework (min–max)",
    "baseline (min–max)",
    "ratio",
    "goal",
    "p50/p99 ms",
    "baseline",
    "CPU s client/app/pg",
    "baseline",
];

impl Report {
    /// The table, with the notes below it.
    pub fn table(&self) -> String {
        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| cells(row, self.short)));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; HEADINGS.len()] = std::array::from_fn(width);
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            let _infallible = writeln!(text, "| {} |", padded.collect::<Vec<_>>().join(" | "));
            if number == 0 {
                let rules = widths.map(|width| "-".repeat(width));
                let _infallible = writeln!(text, "| {} |", rules.join(" | "));
            }
        }
        for row in self.rows.iter().filter(|row| !row.note.is_empty()) {
            let _infallible = writeln!(text, "{}: {}", row.name, row.note);
        }
        for (name, memory) in &self.memory {
            let Memory { resident_mib, peak_mib } = memory;
            let _infallible = writeln!(text, "memory of {name}: {resident_mib:.0} MiB, peak {peak_mib:.0} MiB");
        }
        if self.short {
            text.push_str("This was a short run: every scenario works, and the figures mean nothing.\n");
        }
        text
    }
}

fn cells(row: &Row, short: bool) -> [String; HEADINGS.len()] {
    let spread = |spread: Spread| {
        let Spread { median, min, max } = spread;
        format!("{} ({}–{})", figure(median), figure(min), figure(max))
    };
    let percentiles = |percentiles: Option<Percentiles>| {
        percentiles.map_or_else(String::new, |found| format!("{}/{}", figure(found.p50_ms), figure(found.p99_ms)))
    };
    let seconds = |cpu: Option<CpuSeconds>| {
        cpu.map_or_else(String::new, |cpu| format!("{:.1}/{:.1}/{:.1}", cpu.client, cpu.app, cpu.postgres))
    };
    let goal = match row.goal {
        Goal::RatioAtLeast(least) => format!("≥ {least}"),
        Goal::RatioAtMost(most) => format!("≤ {most}"),
        Goal::AtMost(most) => format!("≤ {most} {}", row.unit),
        Goal::None => String::new(),
    };
    let verdict = match row.reached {
        _ if short => "",
        Some(true) => " yes",
        Some(false) => " NO",
        None => "",
    };
    [
        row.name.clone(),
        row.unit.to_owned(),
        spread(row.measured),
        row.baseline.map_or_else(String::new, spread),
        row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        format!("{goal}{verdict}"),
        percentiles(row.latency),
        percentiles(row.baseline_latency),
        seconds(row.cpu),
        seconds(row.baseline_cpu),
    ]
}

/// Formats a value with three significant digits.
fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_whether_its_goal_is_reached() {
        let (measured, baseline) = (Spread::of(&[50.0]).unwrap(), Spread::of(&[100.0]));
        let row = |goal| Row::new("x", "1/s", measured, baseline, goal);
        assert_eq!(row(Goal::RatioAtLeast(0.5)).reached, Some(true));
        assert_eq!(row(Goal::RatioAtLeast(0.6)).reached, Some(false));
        assert_eq!(row(Goal::AtMost(49.0)).reached, Some(false));
        assert_eq!(row(Goal::None).reached, None);
        let report = Report { rows: vec![row(Goal::RatioAtLeast(0.6))], ..Report::default() };
        assert!(report.table().contains("| 0.50  | ≥ 0.6 NO |"), "{}", report.table());
    }
}

//! What was measured, for people and for programs.

use std::fmt::Write;

use crate::cpu::{CpuSeconds, Memory};
use crate::statistics::{Percentiles, Spread};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The ratio to the limit.
    RatioAtLeast(f64),
    RatioAtMost(f64),
    /// The figure itself, in its unit.
    AtMost(f64),
    /// It is only shown.
    None,
}

/// One line of the table.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Row {
    pub what: String,
    pub unit: &'static str,
    pub ours: Spread,
    pub limit: Option<Spread>,
    /// Of the medians.
    pub ratio: Option<f64>,
    pub goal: Goal,
    pub reached: Option<bool>,
    pub latency: Option<Percentiles>,
    pub limit_latency: Option<Percentiles>,
    /// Of all rounds together.
    pub cpu: Option<CpuSeconds>,
    pub limit_cpu: Option<CpuSeconds>,
    pub note: String,
}

impl Row {
    pub fn new(what: impl Into<String>, unit: &'static str, ours: Spread, limit: Option<Spread>, goal: Goal) -> Self {
        let ratio = limit.map(|limit| ours.median / limit.median);
        let reached = match goal {
            Goal::RatioAtLeast(least) => ratio.map(|ratio| ratio >= least),
            Goal::RatioAtMost(most) => ratio.map(|ratio| ratio <= most),
            Goal::AtMost(most) => Some(ours.median <= most),
            Goal::None => None,
        };
        Self {
            what: what.into(),
            unit,
            ours,
            limit,
            ratio,
            goal,
            reached,
            latency: None,
            limit_latency: None,
            cpu: None,
            limit_cpu: None,
            note: String::new(),
        }
    }

    /// Says something more below the table.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(&note.into());
        self
    }
}

/// Everything of a run.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    pub rows: Vec<Row>,
    /// Of each program that ran, at the end.
    pub memory: Vec<(String, Memory)>,
    /// Set for `--short`, whose figures say nothing.
    pub short: bool,
}

const HEADINGS: [&str; 10] = [
    "scenario",
    "unit",
    "ours (min–max)",
    "limit (min–max)",
    "ratio",
    "to reach",
    "p50/p99 ms",
    "limit's",
    "CPU s client/app/pg",
    "limit's",
];

impl Report {
    /// The table, with notes below.
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
            let _infallible = writeln!(text, "{}: {}", row.what, row.note);
        }
        for (name, memory) in &self.memory {
            let Memory { resident_mib, peak_mib } = memory;
            let _infallible = writeln!(text, "memory of {name}: {resident_mib:.0} MiB, at most {peak_mib:.0} MiB");
        }
        if self.short {
            text.push_str("A short run: everything works, and the figures say nothing.\n");
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
        row.what.clone(),
        row.unit.to_owned(),
        spread(row.ours),
        row.limit.map_or_else(String::new, spread),
        row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        format!("{goal}{verdict}"),
        percentiles(row.latency),
        percentiles(row.limit_latency),
        seconds(row.cpu),
        seconds(row.limit_cpu),
    ]
}

/// With as many digits as mean something.
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
    fn a_row_says_whether_its_goal_is_reached() {
        let (ours, limit) = (Spread::of(&[50.0]).unwrap(), Spread::of(&[100.0]));
        let row = |goal| Row::new("x", "1/s", ours, limit, goal);
        assert_eq!(row(Goal::RatioAtLeast(0.5)).reached, Some(true));
        assert_eq!(row(Goal::RatioAtLeast(0.6)).reached, Some(false));
        assert_eq!(row(Goal::AtMost(49.0)).reached, Some(false));
        assert_eq!(row(Goal::None).reached, None);
        let report = Report { rows: vec![row(Goal::RatioAtLeast(0.6))], ..Report::default() };
        assert!(report.table().contains("| 0.50  | ≥ 0.6 NO |"), "{}", report.table());
    }
}

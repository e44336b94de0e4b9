//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Parser, ValueEnum};

use crate::scenario::Scenario;

/// The default of `--seconds`.
const DEFAULT_SECONDS: u32 = 5;

/// The default of `--rounds`.
const DEFAULT_ROUNDS: u32 = 3;

/// The default of `--seconds` with `--short`.
const SHORT_SECONDS: u32 = 1;

/// The default of `--rounds` with `--short`.
const SHORT_ROUNDS: u32 = 1;

/// Measures how fast Piecework is, compared with PostgreSQL alone on the same machine in the same
/// run.
#[derive(Debug, Parser)]
#[command(name = "load", version, max_term_width = 100, after_help = AFTER_HELP)]
struct CommandLine {
    /// What to measure
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<Selection>,
    /// Length of each timed round [default: 5, with --short 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Rounds of Piecework and of the baseline, in turns [default: 3, with --short 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Use little data and one short round, to check that every scenario works
    #[arg(long)]
    short: bool,
    /// Measure `dashboard` at ten million transfers and `growth` at ten million tasks
    #[arg(long)]
    large: bool,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Directory for the databases, on a real disk
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// The program to measure, instead of one that is built first
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// The text below the options of the help.
const AFTER_HELP: &str = "\
Results go to standard output, progress to standard error. Exit codes: 0 the scenarios work and the data is
consistent afterwards, 1 they do not, 2 wrong usage. The exit code does not depend on the figures.

tests/load/README.md explains the method, the goals and the table.";

/// A scenario, or all of them.
#[derive(Debug, Clone, Copy)]
enum Selection {
    One(Scenario),
    All,
}

impl ValueEnum for Selection {
    fn value_variants<'a>() -> &'a [Self] {
        use Scenario::{
            Close, Complete, Create, Dashboard, Foreground, Growth, List, Memory, Pipeline, Post, Reassign, Start,
        };
        &[
            Self::One(Complete),
            Self::One(Create),
            Self::One(List),
            Self::One(Post),
            Self::One(Reassign),
            Self::One(Foreground),
            Self::One(Dashboard),
            Self::One(Pipeline),
            Self::One(Memory),
            Self::One(Close),
            Self::One(Start),
            Self::One(Growth),
            Self::All,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::One(scenario) => scenario.to_possible_value(),
            Self::All => Some(PossibleValue::new("all").help("Every scenario, in the order above")),
        }
    }
}

/// What to measure, and how.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// The scenarios in the order in which they run, each once.
    pub scenarios: Vec<Scenario>,
    /// Length of each timed round.
    pub round: Duration,
    /// Number of rounds.
    pub rounds: u32,
    /// Use little data.
    pub short: bool,
    /// Measure `dashboard` at ten million transfers and `growth` at ten million tasks.
    pub large: bool,
    /// Print JSON instead of a table.
    pub json: bool,
    /// The directory for the databases.
    pub dir: PathBuf,
    /// The program to measure; `None` builds it.
    pub binary: Option<PathBuf>,
}

impl Arguments {
    /// Parses the command line of this process. Wrong usage ends the process with exit code 2.
    pub fn parse() -> Self {
        Self::from(CommandLine::parse())
    }

    pub fn wants(&self, scenario: Scenario) -> bool {
        self.scenarios.contains(&scenario)
    }
}

impl From<CommandLine> for Arguments {
    fn from(line: CommandLine) -> Self {
        let mut scenarios = Vec::new();
        for selection in line.scenarios {
            match selection {
                Selection::One(scenario) => scenarios.push(scenario),
                Selection::All => scenarios.extend_from_slice(Scenario::value_variants()),
            }
        }
        scenarios.sort_unstable();
        scenarios.dedup();
        let (seconds, rounds) =
            if line.short { (SHORT_SECONDS, SHORT_ROUNDS) } else { (DEFAULT_SECONDS, DEFAULT_ROUNDS) };
        Self {
            scenarios,
            round: Duration::from_secs(line.seconds.unwrap_or(seconds).into()),
            rounds: line.rounds.unwrap_or(rounds),
            short: line.short,
            large: line.large,
            json: line.json,
            dir: line.dir,
            binary: line.binary,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        CommandLine::try_parse_from(std::iter::once("load").chain(line.split_whitespace())).map(Arguments::from)
    }

    #[test]
    fn scenarios_run_once_each_and_in_their_order() {
        let arguments = parse("create complete all complete --seconds 2").unwrap();
        assert_eq!(arguments.scenarios, Scenario::value_variants());
        assert_eq!((arguments.round, arguments.rounds), (Duration::from_secs(2), 3));
    }

    #[test]
    fn a_short_run_has_one_short_round() {
        let arguments = parse("all --short").unwrap();
        assert_eq!((arguments.round, arguments.rounds), (Duration::from_secs(1), 1));
    }

    #[test]
    fn wrong_usage_ends_with_exit_code_2_and_names_the_help() {
        for line in ["", "everything", "complete --seconds", "complete --seconds 0", "--fast complete"] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
            assert!(error.to_string().contains("--help"), "{line}: {error}");
        }
    }

    #[test]
    fn the_help_lists_every_scenario_with_a_line_of_its_own() {
        CommandLine::command().debug_assert();
        let help = CommandLine::command().render_long_help().to_string();
        for scenario in Scenario::value_variants() {
            assert!(help.contains(&format!("- {}:", scenario.name())), "{}: {help}", scenario.name());
        }
    }
}

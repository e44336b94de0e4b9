//! The command line. By hand: clap is at home in the program, and this is one list of words and six options.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::scenarios::Scenario;

pub const USAGE: &str = "\
usage: cargo run --release -p load -- SCENARIO...|all [options]

  --seconds N     how long each timed round lasts [5]
  --rounds N      rounds of ours and of the limit, alternating [3]
  --short         little data and one short round: sees that everything works, measures nothing
  --large         ten million transfers behind `dashboard`
  --json          print the results as JSON
  --dir DIR       where the databases go, on a real disk [the system's temporary directory]
  --binary FILE   the program to measure, instead of one that is built now

scenarios: complete create list post reassign foreground close dashboard pipeline start memory";

/// What to measure, and how.
#[derive(Debug, Clone)]
pub struct Arguments {
    pub scenarios: Vec<Scenario>,
    pub round: Duration,
    pub rounds: u32,
    pub short: bool,
    pub large: bool,
    pub json: bool,
    pub dir: PathBuf,
    pub binary: Option<PathBuf>,
}

impl Arguments {
    /// # Errors
    /// `Usage`: an unknown word, an option without its value, no scenario.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut words = words.into_iter();
        let (mut scenarios, mut seconds, mut rounds) = (Vec::new(), None, None);
        let (mut short, mut large, mut json) = (false, false, false);
        let (mut dir, mut binary) = (std::env::temp_dir(), None);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Error::Usage(format!("{word} needs a value")));
            match word.as_str() {
                "--seconds" => seconds = Some(positive(&word, &value()?)?),
                "--rounds" => rounds = Some(positive(&word, &value()?)?),
                "--short" => short = true,
                "--large" => large = true,
                "--json" => json = true,
                "--dir" => dir = value()?.into(),
                "--binary" => binary = Some(value()?.into()),
                "all" => scenarios.extend(Scenario::ALL),
                name => match Scenario::named(name) {
                    Some(scenario) => scenarios.push(scenario),
                    None => return Err(Error::Usage(format!("there is no scenario or option `{name}`"))),
                },
            }
        }
        if scenarios.is_empty() {
            return Err(Error::Usage("which scenario?".to_owned()));
        }
        // In the order in which they build on one another, each once.
        scenarios.sort_unstable();
        scenarios.dedup();
        let (usual_seconds, usual_rounds) = if short { (1, 1) } else { (5, 3) };
        Ok(Self {
            scenarios,
            round: Duration::from_secs(seconds.unwrap_or(usual_seconds).into()),
            rounds: rounds.unwrap_or(usual_rounds),
            short,
            large,
            json,
            dir,
            binary,
        })
    }

    pub fn wants(&self, scenario: Scenario) -> bool {
        self.scenarios.contains(&scenario)
    }
}

fn positive(option: &str, value: &str) -> Result<u32> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::Usage(format!("{option}: `{value}` is not a positive whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn scenarios_run_once_each_and_in_their_order() {
        let arguments = parse("create complete all complete --seconds 2").unwrap();
        assert_eq!(arguments.scenarios, Scenario::ALL);
        assert_eq!((arguments.round, arguments.rounds), (Duration::from_secs(2), 3));
    }

    #[test]
    fn what_is_not_understood_is_said_with_the_usage() {
        for line in ["", "everything", "complete --seconds", "complete --seconds 0", "--fast complete"] {
            let message = parse(line).unwrap_err().to_string();
            assert!(message.contains("usage: cargo run"), "{line}: {message}");
        }
    }
}

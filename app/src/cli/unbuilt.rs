//! Commands whose work is still to be built: what they take is fixed, what they do is not there yet.

use chrono::NaiveDate;
use clap::Args;

use crate::Error;

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Begin anew, with a new history
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, Args)]
pub struct CloseDayArguments {
    /// Only this day, also today's, before its end
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<NaiveDate>,
    /// Show what would be paid, and pay nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn demo(_arguments: &DemoArguments) -> Result<(), Error> {
    Err(not_built("demo"))
}

pub fn close_day(_arguments: &CloseDayArguments) -> Result<(), Error> {
    Err(not_built("close-day"))
}

pub fn verify() -> Result<(), Error> {
    Err(not_built("verify"))
}

pub fn not_built(command: &str) -> Error {
    Error::Failed(format!("`{command}` is not built yet"))
}

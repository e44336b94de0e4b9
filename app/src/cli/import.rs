//! `piecework import people|tasks FILE.csv`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::unbuilt::not_built;
use crate::Error;

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Columns: email,name,role
    People(ImportArguments),
    /// Columns: title and optionally reference,description,link,created_by,external_id
    Tasks(ImportArguments),
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The CSV file, with a line of column names
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Check every row, and add nothing
    #[arg(long)]
    dry_run: bool,
    /// Leave out the rows that cannot be taken, instead of taking none
    #[arg(long)]
    skip_bad: bool,
}

pub fn run(_command: &ImportCommand) -> Result<(), Error> {
    Err(not_built("import"))
}

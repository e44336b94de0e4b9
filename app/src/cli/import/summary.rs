//! The result of an import, and how it is printed.

use serde::Serialize;

use crate::Error;
use crate::cli::output::{print_json, print_line};

/// Maximum number of rows in each list of the summary, which is held in memory.
const LISTED_ROWS_MAX: usize = 10_000;

/// The result of an import.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Number of rows in the file.
    pub rows: u64,
    /// Number of rows that were added, or would be.
    pub added: u64,
    /// Number of rows whose task or person exists.
    already_there: u64,
    /// The rows among these that say something else, by line. What exists is kept as it is.
    kept_rows: Vec<ReportedRow>,
    /// Number of rows that an earlier row of the file says already.
    repeated: u64,
    /// These rows by line, up to a maximum number.
    repeated_rows: Vec<RepeatedRow>,
    /// Number of invalid rows.
    refused: u64,
    /// The invalid rows by line, up to a maximum number.
    refused_rows: Vec<ReportedRow>,
    /// Number of invalid rows beyond that maximum. They are reported on standard error only.
    refused_rows_omitted: u64,
    /// The line from which the file cannot be read. No row after it is counted.
    pub unreadable_from_line: Option<u64>,
    /// Columns of the file that the import does not use.
    unused_columns: Vec<String>,
    dry_run: bool,
    /// False: nothing was added, because of invalid rows or because of a dry run.
    committed: bool,
}

/// A row with what is to be said about it.
#[derive(Debug, Serialize)]
struct ReportedRow {
    /// The line on which it starts.
    line: u64,
    /// What is wrong with it, or what is kept.
    reason: String,
}

/// A row that an earlier one says already.
#[derive(Debug, Serialize)]
struct RepeatedRow {
    /// The line on which it starts.
    line: u64,
    /// The line on which the earlier one starts.
    first_line: u64,
}

impl Summary {
    /// The summary of an import that has not read a row.
    pub fn new(dry_run: bool, unused_columns: Vec<String>) -> Self {
        Self { dry_run, unused_columns, ..Self::default() }
    }

    /// Counts an invalid row. The reason is safe to print.
    pub fn refuse(&mut self, line: u64, reason: String) {
        self.refused += 1;
        if self.refused_rows.len() < LISTED_ROWS_MAX {
            self.refused_rows.push(ReportedRow { line, reason });
        } else {
            self.refused_rows_omitted += 1;
        }
    }

    /// Counts a row that an earlier one says already.
    pub fn repeat(&mut self, line: u64, first_line: u64) {
        self.repeated += 1;
        if self.repeated_rows.len() < LISTED_ROWS_MAX {
            self.repeated_rows.push(RepeatedRow { line, first_line });
        }
    }

    /// Lists a row that says something else than what exists. The reason is safe to print.
    pub fn keep(&mut self, line: u64, reason: String) {
        if self.kept_rows.len() < LISTED_ROWS_MAX {
            self.kept_rows.push(ReportedRow { line, reason });
        }
    }

    /// Whether the import is committed.
    pub fn decide(&mut self, skip_bad: bool) -> bool {
        self.already_there = self.rows - self.added - self.refused - self.repeated;
        let is_acceptable = self.unreadable_from_line.is_none() && (self.refused == 0 || skip_bad);
        self.committed = !self.dry_run && is_acceptable;
        self.committed
    }

    /// Prints the summary. The error of an import with invalid rows comes after it.
    pub fn report(&mut self, json: bool) -> Result<(), Error> {
        // The database refuses the rows of a chunk after the reader has read all of them.
        self.refused_rows.sort_by_key(|row| row.line);
        if json {
            print_json(self)?;
        } else {
            let Self { rows, added, already_there, repeated, refused, .. } = self;
            print_line(&format!(
                "{rows} rows: {added} new, {already_there} already present, {repeated} repeated, {refused} refused."
            ))?;
            if !self.unused_columns.is_empty() {
                print_line(&format!("Columns that are not used: {}.", self.unused_columns.join(", ")))?;
            }
            if self.dry_run {
                print_line("This was a dry run. Nothing was added.")?;
            }
        }
        if let Some(line) = self.unreadable_from_line {
            return Err(Error::Failed(format!(
                "nothing was added; the file cannot be read from line {line} on, and --skip-bad cannot skip that"
            )));
        }
        if self.refused > 0 && !self.committed && !self.dry_run {
            return Err(Error::Failed(
                "nothing was added; correct the rows above, or skip them with --skip-bad".to_owned(),
            ));
        }
        if self.refused > 0 && self.dry_run {
            return Err(Error::Failed("the file has invalid rows".to_owned()));
        }
        Ok(())
    }
}

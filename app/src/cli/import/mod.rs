//! `piecework import people|tasks FILE.csv`: imports a file in one pass, all rows or none.

mod csv_file;
mod header;
mod records;
mod summary;
mod text;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use identity::{ImportReport, NewPerson};
use kernel::{FieldError, Problem};
use tasks::{AddedRows, ImportRow, RawTask};

use self::csv_file::{CsvFile, CsvRow};
use self::header::Columns;
use self::summary::Summary;
use super::context::{Context, DRAIN_DEADLINE, with_application};
use crate::Error;
use crate::application::Application;
use crate::cli::printable::printable;

/// Maximum number of rows that are sent to the database together.
const CHUNK_ROWS: usize = 1_000;
/// Size of the rows after which no further row is sent with them.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// The commands of `import`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Import people. Columns: email,name,role. A person who exists is kept as they are
    People(ImportArguments),
    /// Import tasks. Columns: title and optionally
    /// reference,description,link,created_by,external_id. A task that exists is kept as it is
    Tasks(ImportArguments),
}

/// The options of both commands.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The CSV file, in UTF-8. Its first line names the columns
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Check every row and add nothing
    #[arg(long)]
    dry_run: bool,
    /// Skip invalid rows instead of adding nothing. Broken quotes refuse the file nevertheless
    #[arg(long)]
    skip_bad: bool,
}

/// The columns of an import of people.
const PEOPLE: Columns = Columns { required: &["email", "name", "role"], optional: &[] };
/// The columns of an import of tasks.
const TASKS: Columns =
    Columns { required: &["title"], optional: &["reference", "description", "link", "created_by", "external_id"] };

/// Runs the command.
pub async fn run(context: &Context, command: ImportCommand) -> Result<(), Error> {
    let mut summary = match &command {
        ImportCommand::People(arguments) => {
            let mut file = CsvFile::open(&arguments.file, &PEOPLE)?;
            with_application(context, async |application| import_people(application, arguments, &mut file).await)
                .await?
        }
        ImportCommand::Tasks(arguments) => {
            let mut file = CsvFile::open(&arguments.file, &TASKS)?;
            with_application(context, async |application| import_tasks(application, arguments, &mut file).await).await?
        }
    };
    summary.report(context.json)
}

/// Reads up to a chunk of valid rows and reports the invalid ones. The chunk is empty at the end of
/// the file.
fn read_chunk(file: &mut CsvFile, summary: &mut Summary) -> Vec<CsvRow> {
    let mut rows = Vec::with_capacity(CHUNK_ROWS);
    let mut bytes = 0;
    while rows.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
        let Some(row) = file.next_row() else { break };
        summary.rows += 1;
        match row {
            Ok(row) => {
                bytes += row.bytes();
                rows.push(row);
            }
            Err(invalid) => {
                if invalid.ends_file {
                    summary.unreadable_from_line = Some(invalid.line);
                }
                refuse(file, summary, invalid.line, &invalid.reason);
            }
        }
    }
    rows
}

/// Reports an invalid row at once, and again in the summary.
fn refuse(file: &CsvFile, summary: &mut Summary, line: u64, reason: &str) {
    let reason = printable(reason);
    file.print_line(&format!("line {line}: {reason}"));
    summary.refuse(line, reason);
}

/// Reports a row that says something else than what exists, which is kept as it is.
fn keep(file: &CsvFile, summary: &mut Summary, line: u64, reason: &str) {
    let reason = printable(reason);
    file.print_line(&format!("line {line}: {reason}; it is kept as it is"));
    summary.keep(line, reason);
}

async fn import_tasks(
    application: &Application,
    arguments: &ImportArguments,
    file: &mut CsvFile,
) -> Result<Summary, Error> {
    // A draw chooses from the people that the module tasks knows, so their events must be delivered
    // first.
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    let mut summary = Summary::new(arguments.dry_run, file.unused_columns());
    let mut import = application.modules.tasks.begin_import().await.map_err(Problem::from)?;
    loop {
        let rows = read_chunk(file, &mut summary);
        if rows.is_empty() {
            break;
        }
        let rows = rows.into_iter().map(task_row).collect();
        let AddedRows { created, refused, repeated, kept } = import.add(rows).await.map_err(Problem::from)?;
        summary.added += created;
        for row in refused {
            refuse(file, &mut summary, row.line, &row.reason);
        }
        for row in repeated {
            summary.repeat(row.line, row.first_line);
        }
        for line in kept {
            keep(file, &mut summary, line, "the task with this external_id exists with another content");
        }
        file.show(format!("{} tasks", summary.added));
    }
    if summary.decide(arguments.skip_bad) {
        import.commit().await.map_err(Problem::from)?;
    } else {
        import.rollback().await.map_err(Problem::from)?;
    }
    Ok(summary)
}

fn task_row(row: CsvRow) -> ImportRow {
    let mut fields = row.fields.into_iter();
    let mut next = || fields.next().flatten();
    let title = next().unwrap_or_default();
    let (reference, description, link) = (next(), next(), next());
    let task = RawTask { title, reference, description, link };
    ImportRow { line: row.line, task, created_by: next(), external_id: next() }
}

async fn import_people(
    application: &Application,
    arguments: &ImportArguments,
    file: &mut CsvFile,
) -> Result<Summary, Error> {
    let mut summary = Summary::new(arguments.dry_run, file.unused_columns());
    let mut import = application.modules.identity.begin_import().await.map_err(Problem::from)?;
    // The line of each row that was added to the import.
    let mut lines: Vec<u64> = Vec::new();
    loop {
        let rows = read_chunk(file, &mut summary);
        if rows.is_empty() {
            break;
        }
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            match new_person(row) {
                Ok(person) => {
                    lines.push(line);
                    people.push(person);
                }
                Err(reason) => refuse(file, &mut summary, line, &reason),
            }
        }
        let before = import.report().clone();
        let report = import.add(people).await.map_err(Problem::from)?;
        summary.added = report.added;
        report_people(file, &mut summary, &before, report, &lines);
        file.show(format!("{} people", summary.added));
    }
    if summary.decide(arguments.skip_bad) {
        import.commit().await.map_err(Problem::from)?;
    }
    Ok(summary)
}

/// Reports the rows that are in `report` and were not in `before`.
fn report_people(file: &CsvFile, summary: &mut Summary, before: &ImportReport, report: &ImportReport, lines: &[u64]) {
    let line_of = |index: u64| usize::try_from(index).ok().and_then(|place| lines.get(place)).copied().unwrap_or(0);
    for row in &report.refused[before.refused.len()..] {
        let reason = match row.first_index {
            Some(first) => {
                let first_line = line_of(first);
                format!("the email is that of line {first_line}, which has another name or role")
            }
            None => {
                let describe =
                    |error: &FieldError| format!("{}: {}", error.pointer.trim_start_matches('/'), error.detail);
                row.errors.iter().map(describe).collect::<Vec<_>>().join("; ")
            }
        };
        refuse(file, summary, line_of(row.index), &reason);
    }
    for row in &report.repeated[before.repeated.len()..] {
        summary.repeat(line_of(row.index), line_of(row.first_index));
    }
    for row in &report.kept[before.kept.len()..] {
        let reason = format!("the person with this email is {}, {}", row.name, row.role);
        keep(file, summary, line_of(row.index), &reason);
    }
}

fn new_person(row: CsvRow) -> Result<NewPerson, String> {
    let mut fields = row.fields.into_iter();
    let mut next = || fields.next().flatten().unwrap_or_default();
    let (email, name, role) = (next(), next(), next());
    let role = role.trim().parse().map_err(|error| format!("role: {error}, not {role:?}"))?;
    Ok(NewPerson { email, name, role, language: None })
}

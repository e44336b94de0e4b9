//! `piecework import people|tasks FILE.csv`: in one pass, all or nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use identity::NewPerson;
use kernel::Problem;
use serde::Serialize;
use tasks::{ImportRow, RawTask};

use super::output::{print_json, print_line};
use super::{Context, DRAIN_DEADLINE, with_application};
use crate::Error;
use crate::application::Application;
use crate::sheet::{Columns, Sheet, SheetRow};

/// Rows that go to the database together.
const CHUNK_ROWS: usize = 1_000;

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

/// What an import has come to.
#[derive(Debug, Default, Serialize)]
struct Summary {
    rows: u64,
    added: u64,
    already_there: u64,
    refused: u64,
    unused_columns: Vec<String>,
    dry_run: bool,
    /// False: the file had bad rows, or it was a dry run, so nothing was added.
    committed: bool,
}

const PEOPLE: Columns = Columns { required: &["email", "name", "role"], optional: &[] };
const TASKS: Columns =
    Columns { required: &["title"], optional: &["reference", "description", "link", "created_by", "external_id"] };

pub async fn run(context: &Context, command: ImportCommand) -> Result<(), Error> {
    let summary = match &command {
        ImportCommand::People(arguments) => {
            let mut sheet = Sheet::open(&arguments.file, &PEOPLE)?;
            with_application(context, async |application| import_people(application, arguments, &mut sheet).await)
                .await?
        }
        ImportCommand::Tasks(arguments) => {
            let mut sheet = Sheet::open(&arguments.file, &TASKS)?;
            with_application(context, async |application| import_tasks(application, arguments, &mut sheet).await)
                .await?
        }
    };
    report(context, &summary)
}

/// The next rows that can be read, up to a chunk; the others are reported. Empty at the end of the file.
fn read_chunk(sheet: &mut Sheet, summary: &mut Summary) -> Vec<SheetRow> {
    let mut rows = Vec::with_capacity(CHUNK_ROWS);
    while rows.len() < CHUNK_ROWS {
        match sheet.next_row() {
            None => break,
            Some(row) => {
                summary.rows += 1;
                match row {
                    Ok(row) => rows.push(row),
                    Err(bad) => refuse(sheet, summary, bad.line, &bad.reason),
                }
            }
        }
    }
    rows
}

fn refuse(sheet: &Sheet, summary: &mut Summary, line: u64, reason: &str) {
    summary.refused += 1;
    sheet.say(&format!("line {line}: {reason}"));
}

impl Summary {
    fn new(arguments: &ImportArguments, sheet: &Sheet) -> Self {
        Self { dry_run: arguments.dry_run, unused_columns: sheet.unused_columns().to_vec(), ..Self::default() }
    }

    /// Whether what was read is to be kept.
    fn decide(&mut self, arguments: &ImportArguments) -> bool {
        self.already_there = self.rows - self.added - self.refused;
        self.committed = !arguments.dry_run && (self.refused == 0 || arguments.skip_bad);
        self.committed
    }
}

async fn import_tasks(
    application: &Application,
    arguments: &ImportArguments,
    sheet: &mut Sheet,
) -> Result<Summary, Error> {
    // People who were added a moment ago can only be drawn once tasks knows them.
    application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    let mut summary = Summary::new(arguments, sheet);
    let mut import = application.modules.tasks.begin_import().await.map_err(Problem::from)?;
    loop {
        let rows = read_chunk(sheet, &mut summary);
        if rows.is_empty() {
            break;
        }
        let rows = rows.into_iter().map(task_row).collect();
        let (added, refused) = import.add(rows).await.map_err(Problem::from)?;
        summary.added += added;
        for row in refused {
            refuse(sheet, &mut summary, row.line, &row.reason);
        }
        sheet.show(format!("{} tasks", summary.added));
    }
    if summary.decide(arguments) {
        import.commit().await.map_err(Problem::from)?;
    } else {
        import.rollback().await.map_err(Problem::from)?;
    }
    Ok(summary)
}

fn task_row(row: SheetRow) -> ImportRow {
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
    sheet: &mut Sheet,
) -> Result<Summary, Error> {
    let mut summary = Summary::new(arguments, sheet);
    let mut import = application.modules.identity.begin_import().await.map_err(Problem::from)?;
    loop {
        let rows = read_chunk(sheet, &mut summary);
        if rows.is_empty() {
            break;
        }
        let mut lines = Vec::with_capacity(rows.len());
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            match new_person(row) {
                Ok(person) => {
                    lines.push(line);
                    people.push(person);
                }
                Err(reason) => refuse(sheet, &mut summary, line, &reason),
            }
        }
        let (given_before, refused_before) = (import.report().rows, import.report().refused.len());
        let report = import.add(people).await.map_err(Problem::from)?;
        summary.added = report.added;
        for row in &report.refused[refused_before..] {
            let line = usize::try_from(row.index - given_before).ok().and_then(|place| lines.get(place));
            let reasons: Vec<String> = row
                .errors
                .iter()
                .map(|error| format!("{}: {}", error.pointer.trim_start_matches('/'), error.detail))
                .collect();
            refuse(sheet, &mut summary, line.copied().unwrap_or_default(), &reasons.join("; "));
        }
        sheet.show(format!("{} people", summary.added));
    }
    if summary.decide(arguments) {
        import.commit().await.map_err(Problem::from)?;
    }
    Ok(summary)
}

fn new_person(row: SheetRow) -> Result<NewPerson, String> {
    let mut fields = row.fields.into_iter();
    let mut next = || fields.next().flatten().unwrap_or_default();
    let (email, name, role) = (next(), next(), next());
    let role = role.trim().parse().map_err(|error| format!("role: {error}, not {role:?}"))?;
    Ok(NewPerson { email, name, role, language: None })
}

fn report(context: &Context, summary: &Summary) -> Result<(), Error> {
    if context.json {
        print_json(summary)?;
    } else {
        let Summary { rows, added, already_there, refused, .. } = summary;
        print_line(&format!("{rows} rows: {added} new, {already_there} already there, {refused} refused."))?;
        if !summary.unused_columns.is_empty() {
            print_line(&format!("Columns not used: {}.", summary.unused_columns.join(", ")))?;
        }
        if summary.dry_run {
            print_line("A dry run: nothing was added.")?;
        }
    }
    if summary.refused > 0 && !summary.committed && !summary.dry_run {
        return Err(Error::Failed(
            "nothing was added; mend the rows above, or leave them out with --skip-bad".to_owned(),
        ));
    }
    if summary.refused > 0 && summary.dry_run {
        return Err(Error::Failed("the file has rows that cannot be taken".to_owned()));
    }
    Ok(())
}

//! Importing tasks: one transaction that takes its rows in chunks, so that a file may have any
//! size.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use contracts::events::tasks::TasksCreated;
use contracts::{AuditAction, PersonId};
use kernel::Tx;
use kernel::events::audit::Audit;
use kernel::text::{self, MailAddress};
use sha2::{Digest, Sha256};

use crate::command_batches::create_tasks;
use crate::domain::{CreateTask, FACTS_PER_EVENT_MAX, NewTask, Pool, RawTask};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// Maximum length of a row's own id.
const EXTERNAL_ID_CHARS_MAX: usize = 500;
/// The beginning of the import key of a row with an id.
const ID_PREFIX: &str = "id:";

/// A row of a file.
#[derive(Debug, Clone, Default)]
pub struct ImportRow {
    /// The line of the file, for the report of a refused row.
    pub line: u64,
    /// The fields of the task.
    pub task: RawTask,
    /// The e-mail address of the person who created it.
    pub created_by: Option<String>,
    /// The row's own id. A row without one is recognised by its content.
    pub external_id: Option<String>,
}

/// A row that is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The line of the file.
    pub line: u64,
    /// Why the row is invalid.
    pub reason: String,
}

/// A row that says the same as an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatedRow {
    /// The line of the file.
    pub line: u64,
    /// The line of the earlier row.
    pub first_line: u64,
}

/// What became of the rows of a chunk. The tasks of all other rows exist already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedRows {
    /// Number of tasks that were created.
    pub created: u64,
    /// The rows that are invalid, or that say something else than an earlier row with their id.
    pub refused: Vec<RefusedRow>,
    /// The rows that an earlier row says already.
    pub repeated: Vec<RepeatedRow>,
    /// The lines of rows whose task exists with another content. The task is kept as it is.
    pub kept: Vec<u64>,
}

/// An import in progress. If it is dropped without `commit`, nothing is imported.
pub struct Import {
    tx: Tx,
    /// The pool of the previous chunk.
    pool: Option<Arc<Pool>>,
    /// Number of tasks so far.
    created: u64,
    /// The valid rows so far, by their import keys.
    seen: HashMap<String, SeenRow>,
}

/// A valid row of an import.
struct SeenRow {
    line: u64,
    content: [u8; 32],
}

/// The task of a valid row.
struct ParsedRow {
    line: u64,
    command: CreateTask,
    /// The key of the task.
    key: String,
    /// The key that an earlier version gave the task: its id is spelled as in the file.
    spelled_key: String,
}

impl Tasks {
    /// Begins an import. Other transactions see its tasks after the commit.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        Ok(Import { tx: self.write.begin().await?, pool: None, created: 0, seen: HashMap::new() })
    }
}

impl Import {
    /// Creates a task for each row that is valid and not yet imported.
    pub async fn add(&mut self, rows: Vec<ImportRow>) -> Result<AddedRows, Error> {
        let creators = self.load_creators(&rows).await?;
        let mut result = AddedRows::default();
        let mut valid = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            match parse_row(row, &creators) {
                Ok(row) if self.is_first(&row, &mut result) => valid.push(row),
                Ok(_) => {}
                Err(reason) => result.refused.push(RefusedRow { line, reason }),
            }
        }
        while !valid.is_empty() {
            let rest = valid.split_off(valid.len().min(FACTS_PER_EVENT_MAX));
            let commands = self.new_commands(std::mem::replace(&mut valid, rest), &mut result.kept).await?;
            if !commands.is_empty() {
                let (ambient, envelope) = (self.tx.ambient().clone(), self.tx.envelope::<TasksCreated>()?);
                let created = create_tasks(&mut self.tx, &ambient, &envelope, &commands, &mut self.pool).await?;
                result.created += created.len() as u64;
            }
        }
        self.created += result.created;
        Ok(result)
    }

    /// Whether no earlier row of the import has the same key. Otherwise the row is reported.
    fn is_first(&mut self, row: &ParsedRow, result: &mut AddedRows) -> bool {
        let (line, content) = (row.line, digest_of(&row.command.task, row.command.created_by));
        let first = match self.seen.entry(row.key.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(SeenRow { line, content });
                return true;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let first_line = first.line;
        if first.content == content {
            result.repeated.push(RepeatedRow { line, first_line });
        } else {
            let id = row.key.strip_prefix(ID_PREFIX).unwrap_or_default();
            let reason = format!("the external_id {id} is that of line {first_line}, which says something else");
            result.refused.push(RefusedRow { line, reason });
        }
        false
    }

    /// The commands of the rows whose tasks do not exist. `kept` gets the lines of those whose
    /// tasks exist with another content.
    async fn new_commands(&mut self, rows: Vec<ParsedRow>, kept: &mut Vec<u64>) -> Result<Vec<CreateTask>, Error> {
        let keys: Vec<&str> = rows.iter().flat_map(|row| [row.key.as_str(), row.spelled_key.as_str()]).collect();
        let existing = store::list_imported_tasks(&mut self.tx, &keys).await?;
        let existing: HashMap<String, [u8; 32]> =
            existing.into_iter().map(|(key, task, created_by)| (key, digest_of(&task, created_by))).collect();
        let mut commands = Vec::with_capacity(rows.len());
        for row in rows {
            match existing.get(&row.key).or_else(|| existing.get(&row.spelled_key)) {
                None => commands.push(row.command),
                Some(content) if *content != digest_of(&row.command.task, row.command.created_by) => {
                    kept.push(row.line);
                }
                Some(_) => {}
            }
        }
        Ok(commands)
    }

    /// Commits all rows that were added.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.created > 0 {
            self.tx.audit(Audit::new(AuditAction::TasksImported).with("created", self.created)).await?;
        }
        Ok(self.tx.commit().await?)
    }

    /// Rolls back all rows that were added: after a dry run, or because of an invalid row.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.tx.rollback().await?)
    }

    /// The people who created the rows, by the key of their e-mail address.
    async fn load_creators(&mut self, rows: &[ImportRow]) -> Result<HashMap<String, PersonId>, Error> {
        let emails: Vec<String> =
            rows.iter().filter_map(|row| row.created_by.as_deref()).map(MailAddress::key_of).collect();
        if emails.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(store::list_person_ids_by_email(&mut self.tx, &emails).await?.into_iter().collect())
    }
}

fn parse_row(row: ImportRow, creators: &HashMap<String, PersonId>) -> Result<ParsedRow, String> {
    let line = row.line;
    let task = NewTask::parse(row.task).map_err(|invalid| invalid.to_string())?;
    let creator = row.created_by.as_deref().map(MailAddress::key_of).filter(|email| !email.is_empty());
    let created_by = match &creator {
        Some(key) => Some(*creators.get(key).ok_or_else(|| format!("created_by: no person has the address {key}"))?),
        None => None,
    };
    let spelled_id = row.external_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    let (key, spelled_key) = match spelled_id {
        Some(spelled) => {
            let id = text::parse_line(spelled, EXTERNAL_ID_CHARS_MAX)
                .map_err(|invalid| format!("external_id: an id {invalid}"))?;
            (format!("{ID_PREFIX}{id}"), format!("{ID_PREFIX}{spelled}"))
        }
        None => {
            let content = format!("{}\u{1f}{}", creator.unwrap_or_default(), task.content());
            let digest = Sha256::digest(content.as_bytes());
            let key = format!("sha256:{}", text::hex(&digest));
            (key.clone(), key)
        }
    };
    let command = CreateTask { task, created_by, import_key: Some(key.clone()) };
    Ok(ParsedRow { line, command, key, spelled_key })
}

/// A digest of what a row says.
fn digest_of(task: &NewTask, created_by: Option<PersonId>) -> [u8; 32] {
    let creator = created_by.map(|id| id.to_string()).unwrap_or_default();
    Sha256::digest(format!("{creator}\u{1f}{}", task.content())).into()
}

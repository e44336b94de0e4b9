//! Importing tasks: one transaction that takes its rows in chunks, so that a file may have any
//! size.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::events::tasks::TasksCreated;
use contracts::{AuditAction, PersonId};
use kernel::Tx;
use kernel::events::audit::Audit;
use kernel::text::MailAddress;
use sha2::{Digest, Sha256};

use crate::create::create_tasks;
use crate::domain::{CreateTask, FACTS_PER_EVENT_MAX, NewTask, Pool, RawTask};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// Maximum length of a row's own id.
const EXTERNAL_ID_CHARS_MAX: usize = 500;

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

/// An import in progress. If it is dropped without `commit`, nothing is imported.
pub struct Import {
    tx: Tx,
    /// The pool of the previous chunk.
    pool: Option<Arc<Pool>>,
    /// Number of tasks so far.
    created: u64,
}

impl Tasks {
    /// Begins an import. Other transactions see its tasks after the commit.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        Ok(Import { tx: self.write.begin().await?, pool: None, created: 0 })
    }
}

impl Import {
    /// Creates a task for each row that is valid and not yet imported. Returns the number of tasks
    /// and the invalid rows.
    pub async fn add(&mut self, rows: Vec<ImportRow>) -> Result<(u64, Vec<RefusedRow>), Error> {
        let creators = self.load_creators(&rows).await?;
        let mut refused = Vec::new();
        let mut valid = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            match parse_row(row, &creators) {
                Ok(command) => valid.push(command),
                Err(reason) => refused.push(RefusedRow { line, reason }),
            }
        }
        let mut created = 0;
        for commands in valid.chunks(FACTS_PER_EVENT_MAX) {
            let (ambient, envelope) = (self.tx.ambient().clone(), self.tx.envelope::<TasksCreated>()?);
            created += create_tasks(&mut self.tx, &ambient, &envelope, commands, &mut self.pool).await?.len() as u64;
        }
        self.created += created;
        Ok((created, refused))
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

fn parse_row(row: ImportRow, creators: &HashMap<String, PersonId>) -> Result<CreateTask, String> {
    let task = NewTask::parse(row.task).map_err(|invalid| invalid.to_string())?;
    let creator = row.created_by.as_deref().map(MailAddress::key_of).filter(|email| !email.is_empty());
    let created_by = match &creator {
        Some(key) => Some(*creators.get(key).ok_or_else(|| format!("created_by: no person has the address {key}"))?),
        None => None,
    };
    let external_id = row.external_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    if external_id
        .as_ref()
        .is_some_and(|id| id.chars().count() > EXTERNAL_ID_CHARS_MAX || id.chars().any(char::is_control))
    {
        return Err(format!("external_id: at most {EXTERNAL_ID_CHARS_MAX} characters, no control characters"));
    }
    let import_key = match external_id {
        Some(id) => format!("id:{id}"),
        None => {
            let content = format!("{}\u{1f}{}", creator.unwrap_or_default(), task.content());
            let digest = Sha256::digest(content.as_bytes());
            format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    };
    Ok(CreateTask { task, created_by, import_key: Some(import_key) })
}

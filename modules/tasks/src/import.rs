//! Importing tasks: one transaction, fed in chunks, whatever the size of the file.

use std::collections::HashMap;

use contracts::PersonId;
use contracts::events::tasks::TasksCreated;
use kernel::Tx;
use sha2::{Digest, Sha256};

use crate::domain::{NewTask, RawTask};
use crate::error::Error;
use crate::service::{FACTS_PER_EVENT, ImportableTask, Pool, Tasks, create_tasks};
use crate::store;

/// A row of a file, as it stands there.
#[derive(Debug, Clone, Default)]
pub struct ImportRow {
    /// Where it stands in the file, for whoever must mend it.
    pub line: u64,
    pub task: RawTask,
    /// The e-mail address of who created it.
    pub created_by: Option<String>,
    /// The row's own id; without one it is known by its content.
    pub external_id: Option<String>,
}

/// A row that cannot become a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    pub line: u64,
    pub reason: String,
}

/// An import under way; dropped without `commit`, nothing was imported.
pub struct Import {
    tx: Tx,
    pool: Pool,
}

impl Tasks {
    /// Opens an import. Nothing is seen by others before it commits.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        Ok(Import { tx: self.write.begin().await?, pool: None })
    }
}

impl Import {
    /// Creates the tasks of these rows that are good and new; how many, and the rows that are bad.
    pub async fn add(&mut self, rows: Vec<ImportRow>) -> Result<(u64, Vec<RefusedRow>), Error> {
        let creators = self.creators(&rows).await?;
        let mut refused = Vec::new();
        let mut good = Vec::with_capacity(rows.len());
        for row in rows {
            let line = row.line;
            match importable(row, &creators) {
                Ok(task) => good.push(task),
                Err(reason) => refused.push(RefusedRow { line, reason }),
            }
        }
        let mut created = 0;
        for rows in good.chunks(FACTS_PER_EVENT) {
            let (ambient, envelope) = (self.tx.ambient().clone(), self.tx.envelope::<TasksCreated>()?);
            created += create_tasks(&mut self.tx, &ambient, &envelope, rows, &mut self.pool).await?.len() as u64;
        }
        Ok((created, refused))
    }

    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.tx.commit().await?)
    }

    /// Takes back everything: a dry run, or a file with bad rows.
    pub async fn rollback(self) -> Result<(), Error> {
        Ok(self.tx.rollback().await?)
    }

    async fn creators(&mut self, rows: &[ImportRow]) -> Result<HashMap<String, PersonId>, Error> {
        let emails: Vec<String> =
            rows.iter().filter_map(|row| row.created_by.as_deref()).map(|email| email.trim().to_lowercase()).collect();
        if emails.is_empty() {
            return Ok(HashMap::new());
        }
        let known = store::load_person_ids_by_email(&mut self.tx, &emails).await?;
        Ok(known.into_iter().map(|(email, id)| (email, id.into())).collect())
    }
}

fn importable(row: ImportRow, creators: &HashMap<String, PersonId>) -> Result<ImportableTask, String> {
    let task = NewTask::parse(row.task).map_err(|invalid| invalid.to_string())?;
    let creator = row.created_by.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty());
    let created_by = match &creator {
        Some(email) => Some(*creators.get(email).ok_or_else(|| format!("created_by: nobody has the address {email}"))?),
        None => None,
    };
    let external_id = row.external_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    if external_id.as_ref().is_some_and(|id| id.chars().count() > 500 || id.chars().any(char::is_control)) {
        return Err("external_id: at most 500 characters, no control characters".to_owned());
    }
    let import_key = match external_id {
        Some(id) => format!("id:{id}"),
        None => {
            let content = format!("{}\u{1f}{}", creator.unwrap_or_default(), task.content());
            let digest = Sha256::digest(content.as_bytes());
            format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    };
    Ok(ImportableTask { task, created_by, import_key: Some(import_key) })
}

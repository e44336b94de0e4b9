//! Many people at once: set-based, in one transaction of any size.

use contracts::PersonId;
use contracts::events::identity::PeopleChanged;
use kernel::Tx;
use kernel::problem::FieldError;

use super::Identity;
use crate::domain::{NewPerson, ValidPerson};
use crate::error::Error;
use crate::store::{self, Lock};

/// So many people go into one statement and one event.
const CHUNK: usize = 500;

/// A row that cannot be a person, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Counts the rows given to this import, from 0.
    pub index: u64,
    pub errors: Vec<FieldError>,
}

/// What an import has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows that were given.
    pub rows: u64,
    /// People who are new.
    pub added: u64,
    /// Rows whose e-mail address somebody has already, maybe by an earlier row.
    pub skipped: u64,
    pub refused: Vec<RefusedRow>,
}

/// An import under way. Dropped without `commit`, nothing of it has happened.
pub struct Import {
    tx: Tx,
    report: ImportReport,
}

impl Identity {
    /// Begins an import that its caller feeds and ends: for a progress bar, a dry run, or a file with bad rows to be skipped.
    /// Waits while another one is under way.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        let mut tx = self.write.begin().await?;
        store::take_lock(&mut tx, Lock::Imports).await?;
        Ok(Import { tx, report: ImportReport::default() })
    }

    /// Adds everybody whose e-mail address is new, all or nothing: if a row is refused, nobody is added. People come without
    /// a password; `set_password_link_token` lets them set one.
    pub async fn import_people(
        &self,
        rows: impl IntoIterator<Item = NewPerson, IntoIter: Send> + Send,
    ) -> Result<ImportReport, Error> {
        let mut import = self.begin_import().await?;
        let mut rows = rows.into_iter();
        loop {
            let chunk: Vec<NewPerson> = rows.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            import.add(chunk).await?;
        }
        if import.report.refused.is_empty() {
            return import.commit().await;
        }
        Ok(ImportReport { added: 0, ..import.report })
    }
}

impl Import {
    /// Takes any number of rows; those that are refused are noted and the others added.
    pub async fn add(&mut self, rows: Vec<NewPerson>) -> Result<&ImportReport, Error> {
        let mut good: Vec<(PersonId, ValidPerson)> = Vec::with_capacity(rows.len());
        for row in rows {
            match row.parse() {
                Ok(person) => good.push((self.tx.new_id(), person)),
                Err(errors) => self.report.refused.push(RefusedRow { index: self.report.rows, errors }),
            }
            self.report.rows += 1;
        }
        while !good.is_empty() {
            let rest = good.split_off(good.len().min(CHUNK));
            self.add_chunk(std::mem::replace(&mut good, rest)).await?;
        }
        Ok(&self.report)
    }

    async fn add_chunk(&mut self, chunk: Vec<(PersonId, ValidPerson)>) -> Result<(), Error> {
        let (now, given) = (self.tx.now(), chunk.len());
        let added = store::people::insert_new_people(&mut self.tx, chunk, now).await?;
        self.report.added += added.len() as u64;
        self.report.skipped += (given - added.len()) as u64;
        if !added.is_empty() {
            let people = added.iter().map(crate::domain::Person::state).collect();
            self.tx.emit(&PeopleChanged { people }).await?;
        }
        Ok(())
    }

    /// What it has come to so far.
    #[must_use]
    pub const fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Makes it true.
    pub async fn commit(self) -> Result<ImportReport, Error> {
        self.tx.commit().await?;
        tracing::info!(added = self.report.added, skipped = self.report.skipped, "imported people");
        Ok(self.report)
    }
}

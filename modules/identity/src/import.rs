//! Imports many people in one transaction.

use contracts::events::identity::{LinkPurpose, PeopleChanged};
use contracts::{AuditAction, PersonId};
use kernel::events::audit::Audit;
use kernel::{Fault, FieldCode, FieldError, Tx};

use crate::domain::{NewPerson, Person, ValidPerson};
use crate::error::Error;
use crate::service::Identity;
use crate::store;
use crate::store::locks::AdvisoryLock;

/// Maximum number of people in one statement and in one event.
pub(crate) const CHUNK_ROWS_MAX: usize = 500;

/// A row of an import with invalid fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The position of the row in the import, from 0.
    pub index: u64,
    /// The error of every invalid field.
    pub errors: Vec<FieldError>,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Number of rows.
    pub rows: u64,
    /// Number of people who were added.
    pub added: u64,
    /// Number of rows whose e-mail address a person has already, possibly by an earlier row.
    pub skipped: u64,
    /// The rows with invalid fields.
    pub refused: Vec<RefusedRow>,
}

/// An import that has begun. If it is dropped without `commit`, nothing is stored.
pub struct Import {
    tx: Tx,
    report: ImportReport,
}

impl Identity {
    /// Begins an import to which the caller adds rows and which it commits: for a progress bar, a
    /// dry run, or a file whose invalid rows are skipped. Waits until no other import is running.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        let mut tx = self.write.begin().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Imports).await?;
        Ok(Import { tx, report: ImportReport::default() })
    }

    /// Adds every person whose e-mail address is new. If a row is refused, nothing is stored. The
    /// people have no password; `create_set_password_link` lets them set one.
    pub async fn import_people(
        &self,
        rows: impl IntoIterator<Item = NewPerson, IntoIter: Send> + Send,
    ) -> Result<ImportReport, Error> {
        let mut import = self.begin_import().await?;
        let mut rows = rows.into_iter();
        loop {
            let chunk: Vec<NewPerson> = rows.by_ref().take(CHUNK_ROWS_MAX).collect();
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

/// What a request that creates several people does besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CreatePeopleOptions {
    /// Every person is checked, and nothing is stored.
    pub dry_run: bool,
    /// A one-time link is mailed to everyone who is added.
    pub invite: bool,
}

impl Identity {
    /// Adds every person whose e-mail address is new, or nobody if a person is not valid. There are
    /// 1 to 500 people. `Error::Invalid` names each error, as `/people/3/email`.
    pub async fn create_people(
        &self,
        people: Vec<NewPerson>,
        options: CreatePeopleOptions,
    ) -> Result<ImportReport, Error> {
        let people = parse_people(people)?;
        let mut tx = self.write.begin_command().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Imports).await?;
        let mut import = Import { tx, report: ImportReport::default() };
        import.report.rows = people.len() as u64;
        let people = people.into_iter().map(|person| (import.tx.new_id(), person)).collect();
        let added = import.add_chunk(people).await?;
        if options.dry_run {
            let Import { tx, report } = import;
            tx.rollback().await?;
            return Ok(report);
        }
        if options.invite {
            for person in &added {
                self.mail_link(&mut import.tx, person, LinkPurpose::Invitation).await?;
            }
        }
        import.commit().await
    }
}

/// The people, or the errors of all of them.
fn parse_people(people: Vec<NewPerson>) -> Result<Vec<ValidPerson>, Error> {
    if !(1..=CHUNK_ROWS_MAX).contains(&people.len()) {
        let detail = format!("1 to {CHUNK_ROWS_MAX} people, this has {}", people.len());
        let fault = Fault::new(FieldCode::Count, detail).with("min", 1).with("max", CHUNK_ROWS_MAX);
        return Err(Error::invalid("/people", fault.with("actual", people.len())));
    }
    let (mut valid, mut errors) = (Vec::with_capacity(people.len()), Vec::new());
    for (index, person) in people.into_iter().enumerate() {
        match person.parse() {
            Ok(person) => valid.push(person),
            Err(invalid) => errors.extend(invalid.into_iter().map(|error| {
                let pointer = format!("/people/{index}{}", error.pointer);
                FieldError { pointer, ..error }
            })),
        }
    }
    if errors.is_empty() { Ok(valid) } else { Err(Error::Invalid(errors)) }
}

impl Import {
    /// Adds the valid rows and reports the others as refused. `rows` may have any length.
    pub async fn add(&mut self, rows: Vec<NewPerson>) -> Result<&ImportReport, Error> {
        let mut valid: Vec<(PersonId, ValidPerson)> = Vec::with_capacity(rows.len());
        for row in rows {
            match row.parse() {
                Ok(person) => valid.push((self.tx.new_id(), person)),
                Err(errors) => self.report.refused.push(RefusedRow { index: self.report.rows, errors }),
            }
            self.report.rows += 1;
        }
        while !valid.is_empty() {
            let rest = valid.split_off(valid.len().min(CHUNK_ROWS_MAX));
            self.add_chunk(std::mem::replace(&mut valid, rest)).await?;
        }
        Ok(&self.report)
    }

    /// Adds the people whose addresses are new, and returns them.
    async fn add_chunk(&mut self, chunk: Vec<(PersonId, ValidPerson)>) -> Result<Vec<Person>, Error> {
        let (now, rows) = (self.tx.now(), chunk.len());
        let added = store::people::insert_people(&mut self.tx, chunk, now).await?;
        self.report.added += added.len() as u64;
        self.report.skipped += (rows - added.len()) as u64;
        if !added.is_empty() {
            let people = added.iter().map(Person::state).collect();
            self.tx.emit(&PeopleChanged { people }).await?;
        }
        Ok(added)
    }

    /// The result so far.
    #[must_use]
    pub const fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Stores everything that was added.
    pub async fn commit(mut self) -> Result<ImportReport, Error> {
        if self.report.added > 0 {
            self.tx.audit(Audit::new(AuditAction::PeopleImported).with("added", self.report.added)).await?;
        }
        self.tx.commit_command(&self.report).await?;
        tracing::info!(added = self.report.added, skipped = self.report.skipped, "imported people");
        Ok(self.report)
    }
}

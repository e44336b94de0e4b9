//! Imports many people in one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use contracts::events::identity::{LinkPurpose, PeopleChanged};
use contracts::{AuditAction, PersonId, Role};
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
    /// The position of the earlier row that has the same address and another name or role.
    pub first_index: Option<u64>,
}

/// A row that says the same as an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatedRow {
    /// The position of the row in the import, from 0.
    pub index: u64,
    /// The position of the earlier row.
    pub first_index: u64,
}

/// A row whose person exists, with another name or role. The person is kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// The position of the row in the import, from 0.
    pub index: u64,
    /// The name of the person.
    pub name: String,
    /// The role of the person.
    pub role: Role,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Number of rows.
    pub rows: u64,
    /// Number of people who were added.
    pub added: u64,
    /// Number of rows whose e-mail address a person has already.
    pub skipped: u64,
    /// The rows among these whose person has another name or role.
    pub kept: Vec<KeptRow>,
    /// The rows that an earlier row says already.
    pub repeated: Vec<RepeatedRow>,
    /// The rows with invalid fields.
    pub refused: Vec<RefusedRow>,
}

/// An import that has begun. If it is dropped without `commit`, nothing is stored.
pub struct Import {
    tx: Tx,
    report: ImportReport,
    /// The valid rows so far, by the keys of their addresses.
    seen: HashMap<String, SeenRow>,
}

/// A valid row of an import.
struct SeenRow {
    index: u64,
    name: String,
    role: Role,
}

impl Identity {
    /// Begins an import to which the caller adds rows and which it commits: for a progress bar, a
    /// dry run, or a file whose invalid rows are skipped. Waits until no other import is running.
    pub async fn begin_import(&self) -> Result<Import, Error> {
        let mut tx = self.write.begin().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Imports).await?;
        Ok(Import { tx, report: ImportReport::default(), seen: HashMap::new() })
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
        let mut import = Import { tx, report: ImportReport::default(), seen: HashMap::new() };
        import.report.rows = people.len() as u64;
        let people: Vec<(u64, ValidPerson)> = (0..).zip(people).collect();
        import.report_kept(&people).await?;
        let people = people.into_iter().map(|(_, person)| (import.tx.new_id(), person)).collect();
        let added = import.add_chunk(people).await?;
        if options.dry_run {
            let Import { tx, report, .. } = import;
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
    if errors.is_empty() {
        errors = contradictions(&valid);
    }
    if errors.is_empty() { Ok(valid) } else { Err(Error::Invalid(errors)) }
}

/// An error for each person whose address an earlier one has, with another name or role.
fn contradictions(people: &[ValidPerson]) -> Vec<FieldError> {
    let mut seen: HashMap<&str, &ValidPerson> = HashMap::new();
    let mut errors = Vec::new();
    for (index, person) in people.iter().enumerate() {
        let first = *seen.entry(&person.email.key).or_insert(person);
        if first.name != person.name || first.role != person.role {
            errors.push(contradiction(format!("/people/{index}/email")));
        }
    }
    errors
}

fn contradiction(pointer: impl Into<String>) -> FieldError {
    let detail = "an earlier row has this address, with another name or role";
    FieldError::new(pointer, Fault::new(FieldCode::NotAllowed, detail))
}

impl Import {
    /// Adds the valid rows and reports the others as refused. `rows` may have any length.
    pub async fn add(&mut self, rows: Vec<NewPerson>) -> Result<&ImportReport, Error> {
        let mut valid: Vec<(u64, ValidPerson)> = Vec::with_capacity(rows.len());
        for row in rows {
            let index = self.report.rows;
            self.report.rows += 1;
            match row.parse() {
                Ok(person) if self.is_first(index, &person) => valid.push((index, person)),
                Ok(_) => {}
                Err(errors) => self.report.refused.push(RefusedRow { index, errors, first_index: None }),
            }
        }
        while !valid.is_empty() {
            let rest = valid.split_off(valid.len().min(CHUNK_ROWS_MAX));
            let chunk = std::mem::replace(&mut valid, rest);
            self.report_kept(&chunk).await?;
            let chunk = chunk.into_iter().map(|(_, person)| (self.tx.new_id(), person)).collect();
            self.add_chunk(chunk).await?;
        }
        Ok(&self.report)
    }

    /// Whether no earlier row has the same address. Otherwise the row is reported.
    fn is_first(&mut self, index: u64, person: &ValidPerson) -> bool {
        let ValidPerson { email, name, role, .. } = person;
        let first = match self.seen.entry(email.key.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(SeenRow { index, name: name.clone(), role: *role });
                return true;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let first_index = first.index;
        if first.name == *name && first.role == *role {
            self.report.repeated.push(RepeatedRow { index, first_index });
        } else {
            let errors = vec![contradiction("/email")];
            self.report.refused.push(RefusedRow { index, errors, first_index: Some(first_index) });
        }
        false
    }

    /// Reports the rows whose people exist with another name or role.
    async fn report_kept(&mut self, chunk: &[(u64, ValidPerson)]) -> Result<(), Error> {
        let keys: Vec<String> = chunk.iter().map(|(_, person)| person.email.key.clone()).collect();
        let existing = store::people::list_names_and_roles(&mut self.tx, &keys).await?;
        let existing: HashMap<String, (String, Role)> =
            existing.into_iter().map(|(key, name, role)| (key, (name, role))).collect();
        for (index, row) in chunk {
            if let Some((name, role)) = existing.get(&row.email.key)
                && (*name != row.name || *role != row.role)
            {
                self.report.kept.push(KeptRow { index: *index, name: name.clone(), role: *role });
            }
        }
        Ok(())
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

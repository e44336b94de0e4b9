//! Creating, updating and reading people.

use contracts::events::identity::{AddressChanged, PeopleChanged};
use contracts::{AuditAction, PersonId};
use kernel::events::audit::Audit;
use kernel::http::context::client_address;
use kernel::http::paging::Limit;
use kernel::text::MailAddress;
use kernel::{ListOrder, ListPosition, Tx};
use tracing::field::display;

use crate::domain::{
    LinkKind, NewPerson, PasswordOwner, PeopleFilter, Person, PersonUpdate, ProfileUpdate, UpdatedPerson, ValidPerson,
    check_field, parse_password,
};
use crate::error::Error;
use crate::import::CHUNK_ROWS_MAX;
use crate::service::Identity;
use crate::store;
use crate::store::locks::AdvisoryLock;

impl Identity {
    /// Creates a person. Without a password the second value is the token of a one-time link with
    /// which the person sets one. `Error::Invalid` has every invalid field; `Error::EmailTaken`.
    pub async fn create_person(
        &self,
        new: NewPerson,
        password: Option<&str>,
    ) -> Result<(Person, Option<String>), Error> {
        let (new, password) = parse_person(&new, password)?;
        let password_hash = match password {
            Some(password) => Some(self.inner.hashing.hash(&password, self.write.ambient()).await?),
            None => None,
        };

        let mut tx = self.write.begin_command().await?;
        let email_key = new.email.key.clone();
        let person = new.into_person(tx.new_id(), tx.now());
        store::people::insert_person(&mut tx, &person, &email_key, password_hash.as_deref()).await?;
        let token = match password_hash {
            Some(_) => None,
            None => Some(self.create_link(&mut tx, LinkKind::SetPassword, Some(person.id)).await?.token),
        };
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.audit(Audit::new(AuditAction::PersonCreated).of(person.id).with("role", person.role)).await?;
        if token.is_some() {
            tx.audit(Audit::new(AuditAction::LinkCreated).of(person.id)).await?;
        }
        let created = (person, token);
        tx.commit_command(&created).await?;
        let ((person, _), changed_by) = (&created, self.changed_by());
        tracing::info!(person_id = %person.id, role = %person.role, changed_by, "created a person");
        Ok(created)
    }

    /// Updates a person and returns the new state. An update that changes no value publishes no
    /// event and keeps the version. `Error::EmailTaken` if another person has the new address;
    /// `Error::LastAdmin` if no active admin would remain; `Error::StaleVersion` if the update does
    /// not apply to the present version.
    pub async fn update_person(&self, id: PersonId, update: PersonUpdate) -> Result<Person, Error> {
        let update = update.parse().map_err(Error::Invalid)?;
        let mut tx = self.write.begin().await?;
        if update.may_remove_an_admin() {
            // Of two admins who demote each other at the same time, only one may succeed.
            store::locks::lock_advisory(&mut tx, AdvisoryLock::Admins).await?;
        }
        let before = store::people::lock_person(&mut tx, id).await?.ok_or(Error::PersonNotFound)?;
        if !update.applies_to(&before) {
            return Err(Error::StaleVersion);
        }
        let Some(UpdatedPerson { person, access_changed }) = update.apply(&before) else { return Ok(before) };
        let removes_an_admin = before.is_active_admin() && !person.is_active_admin();
        if removes_an_admin && store::people::count_other_active_admins(&mut tx, id).await? == 0 {
            return Err(Error::LastAdmin);
        }
        store::people::update_person(&mut tx, &person).await?;
        if person.email != before.email {
            let email_key = MailAddress::key_of(&person.email);
            store::people::update_email(&mut tx, id, &person.email, &email_key).await?;
            // Another spelling of the same address is nothing that a person must be warned of.
            if email_key != MailAddress::key_of(&before.email) {
                let (old_email, new_email) = (before.email.clone(), person.email.clone());
                let changed = AddressChanged { person_id: id, old_email, new_email, changed_at: tx.now() };
                tx.emit(&changed).await?;
                // Who reads the old mailbox must not set the password.
                store::links::delete_unused_links_of_person(&mut tx, id).await?;
            }
        }
        let now = tx.now();
        let mut access_change = None;
        if access_changed {
            access_change = Some(store::credentials::update_access_version(&mut tx, id, now).await?);
        }
        if !person.active {
            store::sessions::update_sessions_revoked_at(&mut tx, id, None, now).await?;
            store::api_tokens::update_api_tokens_revoked_at(&mut tx, id, now).await?;
        }
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        self.audit_update(&mut tx, &before, &person).await?;
        tx.commit().await?;
        if let Some(change) = access_change {
            self.add_access_change(change);
        }
        let Person { version, role, active, .. } = &person;
        let (changed_by, client_address) = (self.changed_by(), client_address().map(display));
        tracing::info!(person_id = %id, version, %role, active, changed_by, client_address, "updated a person");
        Ok(person)
    }

    /// Updates what people may change of their own account, and returns the new state.
    /// `Error::StaleVersion` if the update does not apply to the present version.
    pub async fn update_me(&self, id: PersonId, update: ProfileUpdate) -> Result<Person, Error> {
        self.on_behalf_of(id).update_person(id, update.parse().map_err(Error::Invalid)?).await
    }

    /// Gives each person whose domain has letters outside of ASCII the address and the key in ASCII
    /// form, and publishes them. Such rows are from before addresses went through IDNA. An address
    /// to which no mail can be sent keeps its key, with which the person still logs in.
    pub(crate) async fn normalise_addresses(&self) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        if store::people::list_people_outside_ascii(&mut tx).await?.is_empty() {
            return Ok(());
        }
        // Of two processes that start at the same time, the second one finds nothing left.
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Imports).await?;
        let mut people = Vec::new();
        for person in store::people::list_people_outside_ascii(&mut tx).await? {
            let Ok(MailAddress { text, key }) = MailAddress::parse(&person.email) else { continue };
            let next = Person { email: text, version: person.version + 1, ..person };
            if store::people::exists_email_key(&mut tx, &key).await? {
                tracing::error!(person_id = %next.id, "another person has the same e-mail address; change one of them");
                continue;
            }
            store::people::update_person(&mut tx, &next).await?;
            store::people::update_email(&mut tx, next.id, &next.email, &key).await?;
            people.push(next.state());
        }
        for people in people.chunks(CHUNK_ROWS_MAX) {
            tx.emit(&PeopleChanged { people: people.to_vec() }).await?;
        }
        tx.commit().await?;
        tracing::info!(people = people.len(), "stored e-mail addresses in their ASCII form");
        Ok(())
    }

    /// The person; `Error::PersonNotFound` if there is none. Queries the primary if a replica does
    /// not have the person yet.
    pub async fn get_person(&self, id: PersonId) -> Result<Person, Error> {
        if let Some(person) = self.read.run(async |connection| store::people::load_person(connection, id).await).await?
        {
            return Ok(person);
        }
        let mut connection = self.write.acquire().await?;
        store::people::load_person(&mut connection, id).await?.ok_or(Error::PersonNotFound)
    }

    /// People after `after` that match the filter, in its order; one more than the limit if there
    /// are more.
    pub(crate) async fn list_people(
        &self,
        filter: PeopleFilter,
        after: Option<ListPosition<PersonId>>,
        limit: Limit,
    ) -> Result<Vec<Person>, Error> {
        let filter = filter.parse().map_err(|error| Error::Invalid(vec![error]))?;
        let (after, rows) = (after.as_ref(), limit.rows());
        let read = async |connection: &mut _| match filter.order {
            ListOrder::Created => store::people::list_people(connection, &filter, after, rows).await,
            ListOrder::Name => store::people::list_people_by_name(connection, &filter, after, rows).await,
        };
        Ok(self.read.run(read).await?)
    }

    /// Records what an update changes of a person's access and address.
    async fn audit_update(&self, tx: &mut Tx, before: &Person, after: &Person) -> Result<(), Error> {
        let record = |action| {
            let record = Audit::new(action).of(after.id);
            // A login by single sign-on has a role changed before the request has a person.
            match self.acting {
                Some(person_id) => record.by(person_id),
                None => record,
            }
        };
        if before.role != after.role {
            tx.audit(record(AuditAction::RoleChanged).with("from", before.role).with("to", after.role)).await?;
        }
        if before.active != after.active {
            let action = if after.active { AuditAction::PersonActivated } else { AuditAction::PersonDeactivated };
            tx.audit(record(action)).await?;
        }
        if before.email != after.email {
            tx.audit(record(AuditAction::AddressChanged).with("from", &before.email).with("to", &after.email)).await?;
        }
        Ok(())
    }
}

/// The person to create and the password to hash, or the errors of all fields.
fn parse_person(new: &NewPerson, password: Option<&str>) -> Result<(ValidPerson, Option<String>), Error> {
    let mut errors = Vec::new();
    let owner = PasswordOwner { email: &new.email, name: &new.name };
    let password = password.map(|password| parse_password(password, owner));
    let new = new.parse().map_err(|invalid| errors.extend(invalid)).ok();
    let password = password.and_then(|password| check_field(&mut errors, "/password", password));
    match new {
        Some(new) if errors.is_empty() => Ok((new, password)),
        _ => Err(Error::Invalid(errors)),
    }
}

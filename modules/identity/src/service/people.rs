//! Adding, changing and showing people.

use contracts::events::identity::PeopleChanged;
use contracts::{PersonId, Role};
use kernel::paging::{Limit, Page};
use kernel::problem::FieldError;

use super::Identity;
use crate::domain::{ChangedPerson, NewPerson, Person, PersonChange, check_password, note};
use crate::error::Error;
use crate::store::people::PeopleFilter;
use crate::store::{self, Lock};

const SEARCH_MAX_CHARS: usize = 200;

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeopleQuery {
    pub text: Option<String>,
    /// Only for those who see e-mail addresses: a search tells of them as well.
    pub search_email: bool,
    pub role: Option<Role>,
    pub after: Option<PersonId>,
    pub limit: Limit,
}

impl Identity {
    /// Adds a person. Without a password the second value is the token of a one-time link with which to set one.
    /// `Error::Invalid` names every wrong field; `Error::EmailTaken`.
    pub async fn add_person(&self, new: NewPerson, password: Option<&str>) -> Result<(Person, Option<String>), Error> {
        let mut errors = Vec::new();
        let new = new.parse().map_err(|wrong| errors.extend(wrong)).ok();
        if let Some(password) = password {
            note(&mut errors, "/password", check_password(password));
        }
        let Some(new) = new.filter(|_| errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let password_hash = match password {
            Some(password) => Some(self.shared.hashing.hash(password, self.write.ambient()).await?),
            None => None,
        };

        let mut tx = self.write.begin().await?;
        let email_key = new.email.key.clone();
        let person = new.into_person(tx.new_id(), tx.now());
        store::people::insert_person(&mut tx, &person, &email_key, password_hash.as_deref()).await?;
        let token = match password_hash {
            Some(_) => None,
            None => Some(self.give_link(&mut tx, Some(person.id)).await?),
        };
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.commit().await?;
        tracing::info!(person_id = %person.id, role = %person.role, "added a person");
        Ok((person, token))
    }

    /// Changes a person and returns them as they are now. A change to what already is does nothing: no event, same version.
    /// `Error::LastAdmin` if nobody would be left to manage people.
    pub async fn change_person(&self, id: PersonId, change: PersonChange) -> Result<Person, Error> {
        let change = change.parse().map_err(Error::Invalid)?;
        let mut tx = self.write.begin().await?;
        if change.may_end_an_admin() {
            // Two admins who demote each other at the same time must not both succeed.
            store::take_lock(&mut tx, Lock::Admins).await?;
        }
        let before = store::people::lock_person(&mut tx, id).await?.ok_or(Error::UnknownPerson)?;
        let Some(ChangedPerson { person, access_changed }) = change.apply(&before) else { return Ok(before) };
        let ends_an_admin = before.is_active_admin() && !person.is_active_admin();
        if ends_an_admin && store::people::count_other_active_admins(&mut tx, id).await? == 0 {
            return Err(Error::LastAdmin);
        }
        store::people::update_person(&mut tx, &person).await?;
        let now = tx.now();
        let mut changed_access = None;
        if access_changed {
            changed_access = Some(store::people::renew_access(&mut tx, id, now).await?);
        }
        if !person.active {
            store::sessions::revoke_sessions_of(&mut tx, id, now).await?;
        }
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.commit().await?;
        if let Some(change) = changed_access {
            self.note_changed_access(change);
        }
        tracing::info!(person_id = %id, version = person.version, role = %person.role, active = person.active, "changed a person");
        Ok(person)
    }

    /// `Error::UnknownPerson` if there is none. Asks the primary for somebody whom the replica does not know yet.
    pub async fn person(&self, id: PersonId) -> Result<Person, Error> {
        if let Some(person) = self.read.run(async |connection| store::people::find_person(connection, id).await).await?
        {
            return Ok(person);
        }
        let mut connection = self.write.acquire().await?;
        store::people::find_person(&mut connection, id).await?.ok_or(Error::UnknownPerson)
    }

    pub(crate) async fn people(&self, query: PeopleQuery) -> Result<Page<Person>, Error> {
        if query
            .text
            .as_ref()
            .is_some_and(|text| text.chars().count() > SEARCH_MAX_CHARS || text.chars().any(char::is_control))
        {
            let detail = "a search is at most 200 characters, none of them a control character";
            return Err(Error::Invalid(vec![FieldError::new("?q", detail)]));
        }
        let filter = PeopleFilter {
            after: query.after,
            role: query.role,
            text: query.text,
            search_email: query.search_email,
            rows: query.limit.rows(),
        };
        let rows = self.read.run(async |connection| store::people::list_people(connection, &filter).await).await?;
        Ok(Page::cut(rows, query.limit, |person| person.id))
    }
}

//! One-time links: the first admin, and passwords that people set themselves.

use chrono::{DateTime, Duration, Utc};
use contracts::events::identity::PeopleChanged;
use contracts::{PersonId, Role};
use kernel::Tx;
use kernel::problem::FieldError;

use super::Identity;
use crate::domain::{NewPerson, Person, check_password, note};
use crate::error::Error;
use crate::secret::{hash_secret, new_secret};
use crate::store::links::{Link, NewLink};
use crate::store::{self, Lock};

/// So long after its end a link is still known, so that whoever comes late hears why it does not work.
pub(super) const KEPT_AFTER_EXPIRY: Duration = Duration::days(30);

/// What somebody who has a one-time link sends.
#[derive(Clone)]
pub struct SetPassword {
    pub token: String,
    pub password: String,
    /// Only, and always, for the link that makes the first admin.
    pub name: Option<String>,
    /// The same.
    pub email: Option<String>,
}

impl Identity {
    /// On a system without any person: the token of a one-time link that makes the first admin, in the place of any given
    /// out before. `None` as soon as somebody exists.
    pub async fn first_admin_link_token(&self) -> Result<Option<String>, Error> {
        let mut tx = self.write.begin().await?;
        store::take_lock(&mut tx, Lock::Admins).await?;
        if store::people::exists_any(&mut tx).await? {
            return Ok(None);
        }
        let token = self.give_link(&mut tx, None).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// The token of a new one-time link with which the person sets a password, in the place of any not used yet.
    pub async fn set_password_link_token(&self, id: PersonId) -> Result<String, Error> {
        let mut tx = self.write.begin().await?;
        let person = store::people::lock_person(&mut tx, id).await?.ok_or(Error::UnknownPerson)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        let token = self.give_link(&mut tx, Some(id)).await?;
        tx.commit().await?;
        tracing::info!(person_id = %id, "gave out a link to set a password");
        Ok(token)
    }

    /// Uses a one-time link up: sets the password of its person, or makes the first admin.
    pub async fn set_password(&self, request: SetPassword) -> Result<Person, Error> {
        let token_hash = hash_secret(&request.token);
        let link = {
            let mut connection = self.write.acquire().await?;
            store::links::find_link(&mut connection, &token_hash).await?
        };
        // Looked at before anything is hashed for it, and again under a lock.
        let link = check_link(link, self.write.ambient().now())?;
        match link.person_id() {
            Some(id) => self.set_password_of(id, &token_hash, request).await,
            None => self.make_first_admin(&token_hash, request).await,
        }
    }

    async fn set_password_of(&self, id: PersonId, token_hash: &[u8], request: SetPassword) -> Result<Person, Error> {
        let mut errors = Vec::new();
        note(&mut errors, "/password", check_password(&request.password));
        for (pointer, given) in [("/name", &request.name), ("/email", &request.email)] {
            if given.is_some() {
                errors.push(FieldError::new(pointer, "this link sets the password of a person who has one already"));
            }
        }
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        let password_hash = self.shared.hashing.hash(&request.password, self.write.ambient()).await?;

        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let person = store::people::lock_person(&mut tx, id).await?.ok_or(Error::UnknownPerson)?;
        check_link(store::links::lock_link(&mut tx, token_hash).await?, now)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        store::people::update_password(&mut tx, id, &password_hash).await?;
        let change = store::people::renew_access(&mut tx, id, now).await?;
        store::sessions::revoke_sessions_of(&mut tx, id, now).await?;
        store::links::mark_link_used(&mut tx, token_hash, now).await?;
        tx.commit().await?;
        self.note_changed_access(change);
        tracing::info!(person_id = %id, "set a password");
        Ok(person)
    }

    async fn make_first_admin(&self, token_hash: &[u8], request: SetPassword) -> Result<Person, Error> {
        let mut errors = Vec::new();
        note(&mut errors, "/password", check_password(&request.password));
        for (pointer, given) in [("/name", &request.name), ("/email", &request.email)] {
            if given.is_none() {
                errors.push(FieldError::new(pointer, "this link makes the first admin, who needs one"));
            }
        }
        let new = match (request.email, request.name) {
            (Some(email), Some(name)) => {
                let new = NewPerson { email, name, role: Role::Admin, language: None };
                new.parse().map_err(|wrong| errors.extend(wrong)).ok()
            }
            _ => None,
        };
        let Some(new) = new.filter(|_| errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let password_hash = self.shared.hashing.hash(&request.password, self.write.ambient()).await?;

        let mut tx = self.write.begin().await?;
        let now = tx.now();
        store::take_lock(&mut tx, Lock::Admins).await?;
        check_link(store::links::lock_link(&mut tx, token_hash).await?, now)?;
        if store::people::exists_any(&mut tx).await? {
            return Err(Error::AlreadySetUp);
        }
        let email_key = new.email.key.clone();
        let person = new.into_person(tx.new_id(), now);
        store::people::insert_person(&mut tx, &person, &email_key, Some(&password_hash)).await?;
        store::links::mark_link_used(&mut tx, token_hash, now).await?;
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.commit().await?;
        tracing::info!(person_id = %person.id, "made the first admin");
        Ok(person)
    }

    /// Makes a link, stores its hash, returns its token.
    pub(super) async fn give_link(&self, tx: &mut Tx, person_id: Option<PersonId>) -> Result<String, Error> {
        let token = new_secret(tx.ambient());
        let link = NewLink {
            token_hash: &hash_secret(&token),
            person_id,
            created_at: tx.now(),
            expires_at: tx.now() + self.shared.lifetimes.link,
        };
        store::links::replace_link(tx, &link).await?;
        Ok(token)
    }
}

fn check_link(link: Option<Link>, now: DateTime<Utc>) -> Result<Link, Error> {
    let link = link.ok_or(Error::LinkUnknown)?;
    if link.used_at.is_some() {
        return Err(Error::LinkUsed);
    }
    if link.expires_at <= now {
        return Err(Error::LinkExpired);
    }
    Ok(link)
}

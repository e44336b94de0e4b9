//! One-time links: they create the first admin and let people set a password.

use chrono::{DateTime, Duration, Utc};
use contracts::events::identity::PeopleChanged;
use contracts::{AuditAction, PersonId, Role};
use kernel::events::audit::Audit;
use kernel::{Fault, FieldCode, FieldError, Tx};

use crate::domain::{Link, LinkKind, NewPerson, PasswordOwner, Person, ValidPerson, check_field, parse_password};
use crate::error::Error;
use crate::login_limits::remember_client;
use crate::secret::{hash_secret, new_secret};
use crate::service::Identity;
use crate::store;
use crate::store::locks::AdvisoryLock;

/// How long an expired link is kept. Until then its use is refused with the reason that it has
/// expired.
const RETENTION: Duration = Duration::days(30);
/// Maximum number of links that one run of the prune job deletes.
const PRUNE_LINKS_MAX: i64 = 5_000;

/// What the holder of a one-time link sends.
#[derive(Clone)]
pub struct SetPassword {
    /// The token of the link.
    pub token: String,
    /// The password to set.
    pub password: String,
    /// The name of the first admin; `None` for the link of an existing person.
    pub name: Option<String>,
    /// The e-mail address of the first admin; `None` for the link of an existing person.
    pub email: Option<String>,
}

/// A one-time link that was just created.
pub(crate) struct NewLink {
    /// The token. Only its hash is stored.
    pub token: String,
    /// From this moment on the link is refused.
    pub expires_at: DateTime<Utc>,
}

impl Identity {
    /// Creates a one-time link for the first admin and returns its token; `None` if any person
    /// exists. The link replaces the unused one that was created before.
    pub async fn create_first_admin_link(&self) -> Result<Option<String>, Error> {
        let mut tx = self.write.begin().await?;
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Admins).await?;
        if store::people::exists_person(&mut tx).await? {
            return Ok(None);
        }
        let link = self.create_link(&mut tx, LinkKind::FirstAdmin, None).await?;
        tx.commit().await?;
        Ok(Some(link.token))
    }

    /// Creates a one-time link with which the person sets a password, and returns its token. The
    /// link replaces the unused one that was created before.
    pub async fn create_set_password_link(&self, id: PersonId) -> Result<String, Error> {
        let mut tx = self.write.begin_command().await?;
        let person = store::people::lock_person(&mut tx, id).await?.ok_or(Error::PersonNotFound)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        let token = self.create_link(&mut tx, LinkKind::SetPassword, Some(id)).await?.token;
        tx.audit(Audit::new(AuditAction::LinkCreated).of(id)).await?;
        tx.commit_command(&token).await?;
        let changed_by = self.changed_by();
        tracing::info!(person_id = %id, changed_by, "created a link to set a password");
        Ok(token)
    }

    /// Uses a one-time link: sets the password of its person, or creates the first admin.
    pub async fn set_password(&self, request: SetPassword) -> Result<Person, Error> {
        let token_hash = hash_secret(&request.token);
        let link = {
            let mut connection = self.write.acquire().await?;
            store::links::load_link(&mut connection, &token_hash).await?
        };
        // The link is checked before a password is hashed, and again when it is locked.
        let link = Link::check(link, self.write.ambient().now())?;
        match link.person_id {
            Some(id) => self.set_password_of(id, &token_hash, request).await,
            None => self.create_first_admin(&token_hash, request).await,
        }
    }

    async fn set_password_of(&self, id: PersonId, token_hash: &[u8], request: SetPassword) -> Result<Person, Error> {
        let person = {
            let mut connection = self.write.acquire().await?;
            store::people::load_person(&mut connection, id).await?.ok_or(Error::PersonNotFound)?
        };
        let owner = PasswordOwner { email: &person.email, name: &person.name };
        let mut errors = Vec::new();
        let password = check_field(&mut errors, "/password", parse_password(&request.password, owner));
        for (pointer, value) in [("/name", &request.name), ("/email", &request.email)] {
            if value.is_some() {
                let fault = Fault::new(FieldCode::NotAllowed, "the person of this link has one already");
                errors.push(FieldError::new(pointer, fault));
            }
        }
        let password = password.filter(|_| errors.is_empty()).ok_or(Error::Invalid(errors))?;
        let password_hash = self.inner.hashing.hash(&password, self.write.ambient()).await?;

        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let person = store::people::lock_person(&mut tx, id).await?.ok_or(Error::PersonNotFound)?;
        Link::check(store::links::lock_link(&mut tx, token_hash).await?, now)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        store::passwords::update_password_hash(&mut tx, id, &password_hash).await?;
        let change = store::credentials::update_access_version(&mut tx, id, now).await?;
        store::sessions::update_sessions_revoked_at(&mut tx, id, None, now).await?;
        store::links::update_link_used_at(&mut tx, token_hash, now).await?;
        store::links::delete_unused_links_of_person(&mut tx, id).await?;
        remember_client(&mut tx, id).await?;
        tx.audit(Audit::new(AuditAction::PasswordSet).by(id).of(id)).await?;
        tx.commit().await?;
        self.add_access_change(change);
        tracing::info!(person_id = %id, "set a password");
        Ok(person)
    }

    async fn create_first_admin(&self, token_hash: &[u8], request: SetPassword) -> Result<Person, Error> {
        let (new, password) = parse_first_admin(request)?;
        let password_hash = self.inner.hashing.hash(&password, self.write.ambient()).await?;

        let mut tx = self.write.begin().await?;
        let now = tx.now();
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Admins).await?;
        Link::check(store::links::lock_link(&mut tx, token_hash).await?, now)?;
        if store::people::exists_person(&mut tx).await? {
            return Err(Error::AlreadySetUp);
        }
        let email_key = new.email.key.clone();
        let person = new.into_person(tx.new_id(), now);
        store::people::insert_person(&mut tx, &person, &email_key, Some(&password_hash)).await?;
        store::links::update_link_used_at(&mut tx, token_hash, now).await?;
        remember_client(&mut tx, person.id).await?;
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.audit(Audit::new(AuditAction::PersonCreated).by(person.id).of(person.id).with("role", person.role)).await?;
        tx.commit().await?;
        tracing::info!(person_id = %person.id, "created the first admin");
        Ok(person)
    }

    /// Replaces the person's unused link of this kind by a new one. Only the hash of the token is
    /// stored.
    pub(crate) async fn create_link(
        &self,
        tx: &mut Tx,
        kind: LinkKind,
        person_id: Option<PersonId>,
    ) -> Result<NewLink, Error> {
        let token = new_secret(tx.ambient());
        let lifetime = match kind {
            LinkKind::FirstAdmin | LinkKind::SetPassword => self.inner.lifetimes.link,
            LinkKind::PasswordReset => self.inner.lifetimes.password_reset_link,
        };
        let (now, expires_at) = (tx.now(), tx.now() + lifetime);
        store::links::delete_unused_links(tx, kind, person_id).await?;
        store::links::insert_link(tx, &hash_secret(&token), kind, person_id, now, expires_at).await?;
        Ok(NewLink { token, expires_at })
    }

    /// Deletes a limited number of links that have expired long ago. True if more may remain.
    pub(crate) async fn prune_links(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let before = tx.now() - RETENTION;
        let links = store::links::delete_expired_links(&mut tx, before, PRUNE_LINKS_MAX).await?;
        tx.commit().await?;
        Ok(links >= PRUNE_LINKS_MAX.unsigned_abs())
    }
}

/// The first admin and the password to hash, or the errors of all fields.
fn parse_first_admin(request: SetPassword) -> Result<(ValidPerson, String), Error> {
    let mut errors = Vec::new();
    let (name, email) = (request.name.as_deref().unwrap_or_default(), request.email.as_deref().unwrap_or_default());
    let password = parse_password(&request.password, PasswordOwner { email, name });
    let password = check_field(&mut errors, "/password", password);
    for (pointer, value) in [("/name", &request.name), ("/email", &request.email)] {
        if value.is_none() {
            let fault = Fault::new(FieldCode::Required, "required, because this link creates the first admin");
            errors.push(FieldError::new(pointer, fault));
        }
    }
    let new = match (request.email, request.name) {
        (Some(email), Some(name)) => {
            let new = NewPerson { email, name, role: Role::Admin, language: None };
            new.parse().map_err(|invalid| errors.extend(invalid)).ok()
        }
        _ => None,
    };
    new.zip(password).filter(|_| errors.is_empty()).ok_or(Error::Invalid(errors))
}

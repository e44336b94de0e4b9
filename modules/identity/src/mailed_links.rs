//! One-time links that are mailed: invitations, and links to set a forgotten password.

use std::sync::Arc;

use chrono::Duration;
use contracts::events::identity::{LinkPurpose, PasswordLinkCreated, PeopleChanged};
use contracts::{AuditAction, PersonId, Secret};
use kernel::Tx;
use kernel::events::audit::Audit;
use kernel::runtime::jobs::Outcome;
use kernel::runtime::retry::latest_end;
use kernel::text::MailAddress;

use crate::domain::{LinkKind, NewPerson, Person};
use crate::error::Error;
use crate::links::NewLink;
use crate::secret::hash_secret;
use crate::service::Identity;
use crate::store;

/// The time in which the mails to a person are counted.
const COUNTED: Duration = Duration::hours(1);
/// Maximum number of requests that one transaction answers.
const REQUESTS_MAX: usize = 50;
/// Maximum number of counted mails that one run of the prune job deletes.
const PRUNE_ROWS_MAX: i64 = 5_000;

impl Identity {
    /// Creates a person without a password and mails them a link to set one. `Error::Invalid` has
    /// every invalid field; `Error::EmailTaken`.
    pub async fn invite_new_person(&self, new: NewPerson) -> Result<Person, Error> {
        let new = new.parse().map_err(Error::Invalid)?;
        let mut tx = self.write.begin_command().await?;
        let email_key = new.email.key.clone();
        let person = new.into_person(tx.new_id(), tx.now());
        store::people::insert_person(&mut tx, &person, &email_key, None).await?;
        tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
        tx.audit(Audit::new(AuditAction::PersonCreated).of(person.id).with("role", person.role)).await?;
        self.mail_link(&mut tx, &person, LinkPurpose::Invitation).await?;
        tx.commit_command(&person).await?;
        let changed_by = self.changed_by();
        tracing::info!(person_id = %person.id, role = %person.role, changed_by, "invited a new person");
        Ok(person)
    }

    /// Mails the person a link to set a password. It replaces the unused one that an admin created
    /// before. `Error::PersonInactive` if the person is deactivated; `Error::TooManyMails` if the
    /// person got as many mails as are allowed in an hour.
    pub async fn create_invitation(&self, id: PersonId) -> Result<(), Error> {
        let mut tx = self.write.begin_command().await?;
        let person = store::people::lock_person(&mut tx, id).await?.ok_or(Error::PersonNotFound)?;
        if !person.active {
            return Err(Error::PersonInactive);
        }
        if !self.may_be_mailed(&mut tx, id).await? {
            return Err(Error::TooManyMails);
        }
        self.mail_link(&mut tx, &person, LinkPurpose::Invitation).await?;
        tx.commit_command(&()).await?;
        let changed_by = self.changed_by();
        tracing::info!(person_id = %id, changed_by, "invited a person");
        Ok(())
    }

    /// Asks for a link to set a forgotten password. It does the same for every address: a job finds
    /// out later whether there is such a person. `Error::Invalid` if no mail can be sent to the
    /// address.
    pub async fn request_password_reset(&self, email: &str) -> Result<(), Error> {
        let address = MailAddress::parse(email).map_err(|error| Error::invalid("/email", error))?;
        self.check_reset_request().await?;
        let plain_key = MailAddress::plain_key_of(email);
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        store::password_reset_requests::insert_password_reset_request(&mut tx, &address.key, &plain_key, now).await?;
        tx.wake_on_commit(Arc::clone(&self.inner.reset_requested));
        tx.commit().await?;
        Ok(())
    }

    /// Answers requests for links: mails one to each active person who got fewer mails than
    /// allowed, and nothing to anybody else.
    pub(crate) async fn answer_password_resets(&self) -> Result<Outcome, Error> {
        let mut tx = self.write.begin().await?;
        let (requests, mut people) =
            store::password_reset_requests::delete_password_reset_requests(&mut tx, REQUESTS_MAX as i64).await?;
        if requests == 0 {
            return Ok(Outcome::Idle);
        }
        // The same order in every process, so that two of them do not wait for each other.
        people.sort_unstable();
        for id in people {
            let person = store::people::lock_person(&mut tx, id).await?.filter(|person| person.active);
            let Some(person) = person else { continue };
            if self.may_be_mailed(&mut tx, id).await? {
                self.mail_link(&mut tx, &person, LinkPurpose::PasswordReset).await?;
                tracing::info!(person_id = %id, "a link to set a forgotten password was created");
            } else {
                tracing::warn!(person_id = %id, "a person asked for more links than are mailed in an hour");
            }
        }
        tx.commit().await?;
        Ok(if requests == REQUESTS_MAX { Outcome::More } else { Outcome::Idle })
    }

    /// Whether the person got fewer mails with a link in the last hour than allowed. The caller has
    /// locked the person.
    async fn may_be_mailed(&self, tx: &mut Tx, id: PersonId) -> Result<bool, Error> {
        // A mail of a clock that was ahead does not count.
        let (after, before) = (tx.now() - COUNTED, latest_end(tx.now(), Duration::zero()));
        let mails = store::link_mails::count_link_mails(tx, id, after, before).await?;
        Ok(mails < self.inner.link_mails_per_hour)
    }

    /// Creates a link and publishes it for the mail.
    pub(crate) async fn mail_link(&self, tx: &mut Tx, person: &Person, purpose: LinkPurpose) -> Result<(), Error> {
        let kind = match purpose {
            LinkPurpose::Invitation => LinkKind::SetPassword,
            LinkPurpose::PasswordReset => LinkKind::PasswordReset,
        };
        let NewLink { token, expires_at } = self.create_link(tx, kind, Some(person.id)).await?;
        let created_at = tx.now();
        store::link_mails::insert_link_mail(tx, &hash_secret(&token), person.id, created_at).await?;
        let (person_id, email, token) = (person.id, person.email.clone(), Secret(token));
        tx.audit(Audit::new(AuditAction::LinkCreated).of(person_id)).await?;
        tx.emit(&PasswordLinkCreated { person_id, purpose, email, token, created_at, expires_at }).await?;
        Ok(())
    }

    /// Deletes a limited number of mails that are no longer counted. True if more may remain.
    pub(crate) async fn prune_link_mails(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let before = tx.now() - COUNTED;
        let mails = store::link_mails::delete_old_link_mails(&mut tx, before, PRUNE_ROWS_MAX).await?;
        tx.commit().await?;
        Ok(mails >= PRUNE_ROWS_MAX.unsigned_abs())
    }
}

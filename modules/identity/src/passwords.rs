//! Changing one's own password, and replacing hashes that were made with older parameters.

use contracts::{AuditAction, PersonId, SessionId};
use kernel::events::audit::Audit;
use kernel::text::nfkc;

use crate::domain::{PasswordOwner, parse_password, password_spellings};
use crate::error::Error;
use crate::hashing::is_outdated;
use crate::service::Identity;
use crate::store;

impl Identity {
    /// Sets the person's new password, ends their other sessions and removes their unused links.
    /// `Error::WrongPassword` if the current password is another; `Error::Limited` if it was too
    /// often; `Error::Invalid` if the new one is refused.
    pub async fn update_password(
        &self,
        id: PersonId,
        session_id: SessionId,
        current: &str,
        new: &str,
    ) -> Result<(), Error> {
        // A request that repeats another one has the password that was current then.
        self.write.check_idempotency_key().await?;
        let (person, credentials) = {
            let mut connection = self.write.acquire().await?;
            let person = store::people::load_person(&mut connection, id).await?;
            (person, store::credentials::load_credentials(&mut connection, id).await?)
        };
        let (person, credentials) = person.zip(credentials).ok_or(Error::PersonNotFound)?;
        // The current password comes first: who does not know it does not learn what the new one
        // may be compared with.
        self.prove_password(id, current, credentials.password_hash.as_deref()).await?;
        let owner = PasswordOwner { email: &person.email, name: &person.name };
        let password = parse_password(new, owner).map_err(|reason| Error::invalid("/new_password", reason))?;
        let password_hash = self.inner.hashing.hash(&password, self.write.ambient()).await?;

        let mut tx = self.write.begin_command().await?;
        store::people::lock_person(&mut tx, id).await?.ok_or(Error::PersonNotFound)?;
        // The password may have changed while the current one was checked.
        let unchanged = store::credentials::load_credentials(&mut tx, id).await?;
        if unchanged.is_none_or(|now| now.password_hash != credentials.password_hash) {
            return Err(Error::WrongPassword);
        }
        store::passwords::update_password_hash(&mut tx, id, &password_hash).await?;
        store::links::delete_unused_links_of_person(&mut tx, id).await?;
        let ended = self.end_other_sessions(&mut tx, id, Some(session_id)).await?;
        tx.audit(Audit::new(AuditAction::PasswordChanged).of(id).with("ended_sessions", ended.len())).await?;
        tx.commit_command(&()).await?;
        self.add_revoked_sessions(&ended);
        tracing::info!(person_id = %id, ended_sessions = ended.len(), "a person changed their password");
        Ok(())
    }

    /// Checks that the person knows their current password. A wrong one counts like a failed login,
    /// because somebody may try to find it with a session that is not theirs.
    async fn prove_password(&self, id: PersonId, current: &str, stored: Option<&str>) -> Result<(), Error> {
        let mut attempt = self.begin_attempt().await?;
        self.check_person(&mut attempt, id).await?;
        if self.matching_spelling(current, stored).await?.is_none() {
            self.record_failed_login(Some(id), &[("request", "change_password")]).await?;
            return Err(Error::WrongPassword);
        }
        // The attempt has succeeded, also if the new password is refused.
        let mut tx = self.write.begin().await?;
        attempt.succeed(&mut tx, id).await?;
        Ok(tx.commit().await?)
    }

    /// The spelling of the entered password that matches the stored hash.
    pub(crate) async fn matching_spelling(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Option<String>, Error> {
        for spelling in password_spellings(password) {
            if self.inner.hashing.verify(&spelling, stored).await? {
                return Ok(Some(spelling));
            }
        }
        Ok(None)
    }

    /// Replaces the person's hash if new hashes are made differently: with other parameters, or of
    /// another spelling. A failure is logged and leaves the hash to the next login.
    pub(crate) async fn renew_password_hash(&self, id: PersonId, stored: &str, spelling: &str) {
        if spelling == nfkc(spelling) && !is_outdated(stored) {
            return;
        }
        match self.replace_password_hash(id, stored, spelling).await {
            Ok(true) => tracing::info!(person_id = %id, "renewed a password hash"),
            Ok(false) => {}
            Err(error) => tracing::warn!(person_id = %id, %error, "a password hash was not renewed"),
        }
    }

    async fn replace_password_hash(&self, id: PersonId, stored: &str, spelling: &str) -> Result<bool, Error> {
        let password_hash = self.inner.hashing.hash(&nfkc(spelling), self.write.ambient()).await?;
        let mut tx = self.write.begin().await?;
        let is_replaced = store::passwords::update_outdated_password_hash(&mut tx, id, stored, &password_hash).await?;
        tx.commit().await?;
        Ok(is_replaced)
    }
}

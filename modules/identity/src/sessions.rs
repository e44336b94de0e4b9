//! Sessions: login, authentication, logout, and what a person sees and ends of them.

use chrono::{DateTime, Utc};
use contracts::{AuditAction, Carrier, PersonId, Secret, SessionId};
use kernel::events::audit::Audit;
use kernel::http::auth::{Caller, Credential};
use kernel::http::context::{RequestContext, client_address};
use kernel::http::paging::Limit;
use kernel::text::MailAddress;
use kernel::{Problem, Tx};
use tracing::field::display;

use crate::domain::{Credentials, Device, LoginMethod, RevokedSession, Session, is_api_token};
use crate::error::Error;
use crate::secret::{hash_secret, new_secret};
use crate::service::Identity;
use crate::store;
use crate::tokens::Subject;

/// Maximum number of rows that one run of the prune job deletes from each table.
const PRUNE_ROWS_MAX: i64 = 5_000;

/// What a client gets from a login or a refresh.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Authenticates the requests of the client.
    pub access_token: String,
    /// When the access token expires.
    pub access_expires_at: DateTime<Utc>,
    /// How long the access token is valid, in seconds.
    pub expires_in_s: i64,
    /// Gives new tokens, once.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_expires_at: DateTime<Utc>,
    /// How long the refresh token is valid, in seconds.
    pub refresh_expires_in_s: i64,
}

impl Tokens {
    /// The same tokens, with a refresh token that ends at `expires_at`.
    pub(crate) fn with_refresh_end(self, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { refresh_expires_at: expires_at, refresh_expires_in_s: (expires_at - now).num_seconds(), ..self }
    }
}

impl Identity {
    /// Begins a session of a program. See [`Identity::login_on`].
    pub async fn login(&self, email: &str, password: &str) -> Result<Tokens, Error> {
        self.login_on(&Device::unknown(Carrier::Bearer), email, password).await
    }

    /// Begins a session on a device, and ends the one that it replaces. An unknown address, a wrong
    /// password and a deactivated person all give `Error::WrongCredentials` and take the same time.
    /// `Error::Limited` if too many attempts have failed; `Error::Busy` if too many passwords wait
    /// to be checked.
    pub async fn login_on(&self, device: &Device, email: &str, password: &str) -> Result<Tokens, Error> {
        let tokens = self.login_with_password(device, email, password).await?;
        self.end_replaced_session(device).await?;
        Ok(tokens)
    }

    async fn login_with_password(&self, device: &Device, email: &str, password: &str) -> Result<Tokens, Error> {
        let mut attempt = self.begin_attempt().await?;
        let (key, plain_key) = (MailAddress::key_of(email), MailAddress::plain_key_of(email));
        let known = if email.contains('\0') {
            // The database stores no such text.
            None
        } else {
            let mut connection = self.write.acquire().await?;
            store::credentials::load_credentials_by_email(&mut connection, &key, &plain_key).await?
        };
        let stored = known.as_ref().and_then(|person| person.password_hash.as_deref());
        let person_id = known.as_ref().map(|person| person.person_id);
        self.check_account(&mut attempt, &key, person_id).await?;
        let spelling = self.matching_spelling(password, stored).await?;
        let Some((checked, spelling)) = known.zip(spelling) else {
            self.record_failed_login(person_id, &[]).await?;
            return Err(Error::WrongCredentials);
        };

        let mut tx = self.write.begin().await?;
        // The person may have changed while the password was checked.
        let person = store::credentials::lock_credentials(&mut tx, checked.person_id).await?;
        let person = person.filter(|person| person.active && person.password_hash == checked.password_hash);
        let Some(person) = person else {
            tx.rollback().await?;
            self.record_failed_login(Some(checked.person_id), &[]).await?;
            return Err(Error::WrongCredentials);
        };
        let tokens = self.begin_session(&mut tx, &person, device, LoginMethod::Password).await?;
        attempt.succeed(&mut tx, person.person_id).await?;
        tx.commit().await?;
        if let Some(context) = RequestContext::current() {
            context.identify(person.person_id);
        }
        if let Some(stored) = &checked.password_hash {
            self.renew_password_hash(person.person_id, stored, &spelling).await;
        }
        Ok(tokens)
    }

    /// Records a failed login, or another failed attempt to prove who somebody is. What was sent as
    /// an address is not recorded, because it may be a password; the person who has that address
    /// is.
    pub(crate) async fn record_failed_login(
        &self,
        person_id: Option<PersonId>,
        details: &[(&str, &str)],
    ) -> Result<(), Error> {
        let person = person_id.map(|id| id.to_string());
        tracing::warn!(person_id = person, client_address = client_address().map(display), "a login failed");
        let mut tx = self.write.begin().await?;
        let record = Audit::new(AuditAction::LoginFailed);
        let record = if let Some(person) = person { record.of(person) } else { record };
        tx.audit(details.iter().fold(record, |record, (name, value)| record.with(name, value))).await?;
        Ok(tx.commit().await?)
    }

    /// Begins a session of a person who has proved who they are. The caller commits.
    pub(crate) async fn begin_session(
        &self,
        tx: &mut Tx,
        person: &Credentials,
        device: &Device,
        login_method: LoginMethod,
    ) -> Result<Tokens, Error> {
        let (session_id, now) = (tx.new_id(), tx.now());
        let refresh_token = new_secret(tx.ambient());
        let tokens = self.sign_tokens(session_id, now, now, person, refresh_token)?;
        let session = Session {
            session_id,
            created_at: now,
            last_used_at: now,
            expires_at: tokens.refresh_expires_at,
            carrier: device.carrier,
            login_method,
            user_agent: device.stored_user_agent(),
            client_address: device.address.map(|address| address.to_string()),
        };
        store::sessions::insert_session(tx, person.person_id, &session).await?;
        let token_hash = hash_secret(&tokens.refresh_token);
        store::refresh_tokens::insert_refresh_token(tx, &token_hash, session_id, now, tokens.refresh_expires_at)
            .await?;
        let (person_id, carrier) = (person.person_id, device.carrier.as_str());
        let record = Audit::new(AuditAction::LoggedIn).by(person_id).of(person_id).with("session_id", session_id);
        tx.audit(record.with("login_method", login_method.as_str())).await?;
        let client_address = device.address.map(display);
        tracing::info!(%person_id, %session_id, carrier, client_address, "a person logged in");
        Ok(tokens)
    }

    /// The caller who sent this access token or API token in the header `Authorization`; 401 with
    /// the reason if the token is not valid. An access token queries no database, unless it names a
    /// key that this process does not know yet. An API token queries it once a minute.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        if is_api_token(token) {
            return Ok(self.authenticate_api_token(token).await?);
        }
        self.authenticate_session(token, Carrier::Bearer).await
    }

    /// The caller whose browser sent this access token in a cookie.
    pub async fn authenticate_cookie(&self, token: &str) -> Result<Caller, Problem> {
        self.authenticate_session(token, Carrier::Cookie).await
    }

    async fn authenticate_session(&self, token: &str, carrier: Carrier) -> Result<Caller, Problem> {
        let claims = match self.keyring().verify(token, self.write.ambient().now()) {
            Err(Error::TokenKeyUnknown) => {
                // Boxed, so that the future of each request stays small.
                Box::pin(self.reload_keys_for_token()).await;
                self.keyring().verify(token, self.write.ambient().now())?
            }
            verified => verified?,
        };
        if self.inner.revocations.is_revoked(&claims) {
            return Err(Error::TokenRevoked.into());
        }
        let credential = Credential::Session { session_id: claims.sid, carrier };
        Ok(Caller { person_id: claims.sub, role: claims.role, credential })
    }

    /// Ends the caller's session. This process refuses its tokens at once, other processes within
    /// two seconds. After a login by single sign-on, returns the address at which the browser ends
    /// the session at the provider, if there is one.
    pub async fn logout(&self, caller: Caller) -> Result<Option<String>, Error> {
        let Some(session_id) = caller.session_id() else { return Ok(None) };
        let mut tx = self.write.begin().await?;
        let login_method = store::sessions::load_login_method(&mut tx, session_id).await?;
        tx.audit(Audit::new(AuditAction::SessionEnded).of(caller.person_id).with("session_id", session_id)).await?;
        self.revoke_session(tx, session_id).await?;
        tracing::info!(person_id = %caller.person_id, %session_id, "a person logged out");
        Ok(self.provider_logout_url(login_method).await)
    }

    /// Ends the session of a browser whose cookies a new session replaces: no client has its tokens
    /// afterwards. An unknown refresh token is ignored.
    pub(crate) async fn end_replaced_session(&self, device: &Device) -> Result<(), Error> {
        let Some(Secret(refresh_token)) = &device.replaced_refresh_token else { return Ok(()) };
        let mut tx = self.write.begin().await?;
        let token = store::refresh_tokens::load_refresh_token(&mut tx, &hash_secret(refresh_token)).await?;
        let Some(token) = token.filter(|token| token.session_revoked_at.is_none()) else { return Ok(()) };
        let (person_id, session_id) = (token.person_id, token.session_id);
        let record = Audit::new(AuditAction::SessionEnded).by(person_id).of(person_id);
        tx.audit(record.with("session_id", session_id)).await?;
        self.revoke_session(tx, session_id).await?;
        tracing::info!(%person_id, %session_id, "a session ended because another one replaces it");
        Ok(())
    }

    /// The person's sessions that have not ended, the newest first: `limit.rows()` rows.
    pub(crate) async fn list_sessions(
        &self,
        person_id: PersonId,
        before: Option<SessionId>,
        limit: Limit,
    ) -> Result<Vec<Session>, Error> {
        let now = self.write.ambient().now();
        let (created_after, rows) = (self.oldest_session(now), limit.rows());
        let read = async |connection: &mut _| {
            store::sessions::list_sessions(connection, person_id, now, created_after, before, rows).await
        };
        Ok(self.read.run(read).await?)
    }

    /// Ends one of the person's own sessions; `Error::SessionNotFound` if the person has no such
    /// session, or it has ended.
    pub async fn delete_session(&self, person_id: PersonId, session_id: SessionId) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let created_after = self.oldest_session(now);
        let ended =
            store::sessions::update_own_session_revoked_at(&mut tx, person_id, session_id, now, created_after).await?;
        if !ended {
            return Err(Error::SessionNotFound);
        }
        tx.audit(Audit::new(AuditAction::SessionEnded).of(person_id).with("session_id", session_id)).await?;
        tx.commit().await?;
        self.add_revoked_sessions(&[RevokedSession { session_id, revoked_at: now }]);
        tracing::info!(%person_id, %session_id, "ended a session");
        Ok(())
    }

    /// Ends every session of a person; `Error::PersonNotFound` if there is no such person.
    pub async fn delete_sessions_of_person(&self, person_id: PersonId) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        store::people::lock_person(&mut tx, person_id).await?.ok_or(Error::PersonNotFound)?;
        let ended = self.end_other_sessions(&mut tx, person_id, None).await?;
        for session in &ended {
            let record = Audit::new(AuditAction::SessionEnded).of(person_id);
            tx.audit(record.with("session_id", session.session_id)).await?;
        }
        tx.commit().await?;
        self.add_revoked_sessions(&ended);
        tracing::info!(%person_id, sessions = ended.len(), "ended all sessions of a person");
        Ok(())
    }

    /// Ends the person's sessions except one, in the transaction of the caller. After its commit
    /// the caller passes the result to `add_revoked_sessions`, so that this process refuses the
    /// tokens of these sessions at once.
    pub(crate) async fn end_other_sessions(
        &self,
        tx: &mut Tx,
        person_id: PersonId,
        except: Option<SessionId>,
    ) -> Result<Vec<RevokedSession>, Error> {
        let now = tx.now();
        Ok(store::sessions::update_sessions_revoked_at(tx, person_id, except, now).await?)
    }

    /// The tokens of a session that began at `created_at`. No token outlives the session.
    pub(crate) fn sign_tokens(
        &self,
        session_id: SessionId,
        created_at: DateTime<Utc>,
        now: DateTime<Utc>,
        person: &Credentials,
        refresh_token: String,
    ) -> Result<Tokens, Error> {
        let (ambient, lifetimes) = (self.write.ambient(), self.inner.lifetimes);
        let rest = created_at + lifetimes.session - now;
        let (access_lifetime, refresh_lifetime) = (lifetimes.access_token.min(rest), lifetimes.refresh_token.min(rest));
        let jti = ambient.new_id::<PersonId>().uuid();
        let access_token = self.keyring().issue(subject(session_id, person), jti, now, access_lifetime)?;
        Ok(Tokens {
            access_token,
            access_expires_at: now + access_lifetime,
            expires_in_s: access_lifetime.num_seconds(),
            refresh_token,
            refresh_expires_at: now + refresh_lifetime,
            refresh_expires_in_s: refresh_lifetime.num_seconds(),
        })
    }

    /// A session that began at this time or before has reached the end of its lifetime.
    fn oldest_session(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.inner.lifetimes.session
    }

    /// Deletes a limited number of expired refresh tokens and of sessions without any. True if more
    /// may remain.
    pub(crate) async fn prune_sessions(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let tokens = store::refresh_tokens::delete_expired_refresh_tokens(&mut tx, now, PRUNE_ROWS_MAX).await?;
        let sessions = store::sessions::delete_expired_sessions(&mut tx, now, PRUNE_ROWS_MAX).await?;
        tx.commit().await?;
        Ok(tokens + sessions >= PRUNE_ROWS_MAX.unsigned_abs())
    }
}

/// The subject of a new access token of this session.
const fn subject(session_id: SessionId, person: &Credentials) -> Subject {
    Subject { person_id: person.person_id, session_id, role: person.role, access_version: person.access_version }
}

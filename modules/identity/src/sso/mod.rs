//! Single sign-on: a login at an OpenID provider (decision 52).

mod addresses;
mod http_client;
mod id_token;
mod protocol;
pub(crate) mod provider;
mod settings;
mod state;

use std::sync::Arc;
use std::time::Duration;

use contracts::events::identity::PeopleChanged;
use contracts::{AuditAction, PersonId, Role};
use kernel::events::audit::Audit;
use kernel::text::MailAddress;
use kernel::{Ambient, Tx};

pub use settings::SsoSettings;

use self::provider::Provider;
use self::state::{LoginState, STATE_LIFETIME, STATE_TYPE};
use crate::domain::{Device, LoginMethod, NewPerson, Person, PersonUpdate, ProviderPerson, ReturnPath};
use crate::error::Error;
use crate::login_limits::Attempt;
use crate::service::Identity;
use crate::sessions::Tokens;
use crate::store;
use crate::store::locks::AdvisoryLock;

/// The path to which the provider sends a browser, below the public URL.
const CALLBACK_PATH: &str = "/api/v1/auth/sso/callback";
/// Maximum time for all requests to the provider that complete one login.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of used states that one run of the prune job deletes.
const PRUNE_STATES_MAX: i64 = 5_000;

/// A login that has begun: where the browser goes, and what it keeps until it comes back.
#[derive(Debug)]
pub(crate) struct BegunLogin {
    /// The address of the provider.
    pub url: String,
    /// The value of the cookie.
    pub cookie: String,
    /// How long the cookie is valid, in seconds.
    pub cookie_age_s: i64,
}

/// What the browser brings back from the provider.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    /// The cookie of the login.
    pub cookie: Option<String>,
    /// The `state` of the request that the provider answers.
    pub state: Option<String>,
    /// The code, if the login succeeded.
    pub code: Option<String>,
    /// The error of RFC 6749, if it did not.
    pub error: Option<String>,
    /// The provider, as it names itself (RFC 9207).
    pub issuer: Option<String>,
}

impl Identity {
    /// The same service with single sign-on, if the settings have a provider. `public_url` is the
    /// URL at which people reach the program.
    pub fn with_sso(self, settings: &SsoSettings, public_url: &str) -> Result<Self, Error> {
        let provider = provider(settings, public_url, self.write.ambient().clone())?;
        Ok(Self { sso: provider.map(Arc::new), ..self })
    }

    /// Loads the documents of the provider, for a check of the settings; false if there is none.
    ///
    /// # Errors
    /// The reason why nobody can log in there.
    pub async fn probe_sso(settings: &SsoSettings, public_url: &str) -> Result<bool, String> {
        match provider(settings, public_url, Ambient::system()).map_err(|error| error.to_string())? {
            Some(provider) => provider.probe().await.map(|()| true),
            None => Ok(false),
        }
    }

    /// The name of the provider; `None` without single sign-on.
    pub(crate) fn sso_name(&self) -> Option<&str> {
        self.sso.as_ref().map(|provider| provider.provision.name.as_str())
    }

    /// Begins a login that ends at `return_to`. `Error::SsoUnavailable` if the provider does not
    /// answer.
    pub(crate) async fn login_by_sso(&self, return_to: &ReturnPath) -> Result<BegunLogin, Error> {
        let provider = self.provider()?;
        let login = LoginState::new(self.write.ambient(), provider.redirect_uri(), return_to.as_str());
        let cookie = self.keyring().sign(STATE_TYPE, &login, self.write.ambient().now())?;
        let url = provider.login_url(&login).await?;
        Ok(BegunLogin { url, cookie, cookie_age_s: STATE_LIFETIME.num_seconds() })
    }

    /// Completes a login: checks that this browser has begun it, asks the provider who the person
    /// is, and begins their session, which replaces the one of the device. Returns its tokens and
    /// the path to return to. A login that fails is recorded, and counts like a wrong password.
    pub(crate) async fn complete_sso_login(
        &self,
        device: &Device,
        callback: Callback,
    ) -> Result<(Tokens, ReturnPath), Error> {
        let provider = self.provider()?;
        let attempt = self.begin_attempt().await?;
        let completed = self.complete_login(provider, device, callback, attempt).await;
        if let Err(error) = &completed
            && is_failed_login(error)
        {
            let reason = error.to_string();
            let details = [("login_method", LoginMethod::Sso.as_str()), ("reason", reason.as_str())];
            self.record_failed_login(None, &details).await?;
        }
        let completed = completed?;
        self.end_replaced_session(device).await?;
        Ok(completed)
    }

    async fn complete_login(
        &self,
        provider: &Provider,
        device: &Device,
        callback: Callback,
        attempt: Attempt,
    ) -> Result<(Tokens, ReturnPath), Error> {
        let login = self.login_of(provider, &callback).await?;
        self.use_state(&login).await?;
        let asked = async {
            if !provider.has_sent(callback.issuer.as_deref()).await? {
                return Err(Error::SsoStateInvalid);
            }
            let code = code_of(callback)?;
            provider.person(&login, code, self.write.ambient().now()).await
        };
        // No connection to the database is held while the provider is asked.
        let asked = tokio::time::timeout(PROVIDER_TIMEOUT, asked).await.map_err(|_| Error::SsoUnavailable)?;
        let tokens = self.log_in(provider, device, &asked?, attempt).await?;
        let return_to = ReturnPath::parse(Some(&login.return_to)).map_err(|_| Error::SsoStateInvalid)?;
        Ok((tokens, return_to))
    }

    /// The address at which the browser ends the session at the provider. `None` for a session that
    /// did not begin there, or if the provider has no such address or does not answer.
    pub(crate) async fn provider_logout_url(&self, login_method: Option<LoginMethod>) -> Option<String> {
        match &self.sso {
            Some(provider) if login_method == Some(LoginMethod::Sso) => provider.logout_url().await,
            _ => None,
        }
    }

    fn provider(&self) -> Result<&Provider, Error> {
        self.sso.as_deref().ok_or(Error::SsoOff)
    }

    /// The login that the browser's cookie and the provider's answer both name.
    async fn login_of(&self, provider: &Provider, callback: &Callback) -> Result<LoginState, Error> {
        let (Some(cookie), Some(state)) = (&callback.cookie, &callback.state) else {
            return Err(Error::SsoStateInvalid);
        };
        let now = self.write.ambient().now();
        let verify = || self.keyring().verify_signature::<LoginState>(STATE_TYPE, cookie, now);
        let login = match verify() {
            Err(Error::TokenKeyUnknown) => {
                self.reload_keys_for_token().await;
                verify()
            }
            verified => verified,
        };
        let login = login.map_err(|error| match error {
            Error::KeysNotLoaded => error,
            _ => Error::SsoStateInvalid,
        })?;
        if login.is_answered_by(state, provider.redirect_uri(), now) { Ok(login) } else { Err(Error::SsoStateInvalid) }
    }

    /// Stores that the state was used: a login is completed once.
    async fn use_state(&self, login: &LoginState) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        let expires_at = tx.now() + STATE_LIFETIME;
        if !store::sso_used_states::insert_used_state(&mut tx, &login.hash(), expires_at).await? {
            return Err(Error::SsoStateInvalid);
        }
        tx.commit().await?;
        Ok(())
    }

    async fn log_in(
        &self,
        provider: &Provider,
        device: &Device,
        found: &ProviderPerson,
        attempt: Attempt,
    ) -> Result<Tokens, Error> {
        let role = role_of(provider, found)?;
        let person = self.find_or_bind(provider, found, role).await?;
        if let Some(role) = role.filter(|role| *role != person.role) {
            let update = PersonUpdate { role: Some(role), ..PersonUpdate::default() };
            self.on_behalf_of(person.id).update_person(person.id, update).await?;
        }
        let mut tx = self.write.begin().await?;
        let person = store::credentials::lock_credentials(&mut tx, person.id).await?;
        let person = person.filter(|person| person.active).ok_or(Error::SsoPersonInactive)?;
        let tokens = self.begin_session(&mut tx, &person, device, LoginMethod::Sso).await?;
        attempt.succeed(&mut tx, person.person_id).await?;
        tx.commit().await?;
        Ok(tokens)
    }

    /// The person who is bound to the subject. At the first login, the person with the verified
    /// address is bound to it, or is created.
    async fn find_or_bind(
        &self,
        provider: &Provider,
        found: &ProviderPerson,
        role: Option<Role>,
    ) -> Result<Person, Error> {
        let mut tx = self.write.begin().await?;
        if let Some(id) = bound_person(&mut tx, provider, found).await? {
            return load_active(&mut tx, id).await;
        }
        // Of two first logins at the same time, the second one finds what the first one has stored.
        store::locks::lock_advisory(&mut tx, AdvisoryLock::Admins).await?;
        if let Some(id) = bound_person(&mut tx, provider, found).await? {
            return load_active(&mut tx, id).await;
        }
        let email = found.verified_email.as_deref().ok_or(Error::SsoEmailUnverified)?;
        let address = MailAddress::parse(email).map_err(|_| Error::SsoEmailUnverified)?;
        let plain_key = MailAddress::plain_key_of(email);
        let known = store::credentials::load_credentials_by_email(&mut tx, &address.key, &plain_key).await?;
        let person = match known {
            Some(known)
                if store::sso_subjects::exists_subject_of(&mut tx, provider.issuer(), known.person_id).await? =>
            {
                return Err(Error::SsoEmailTaken);
            }
            Some(known) => load_active(&mut tx, known.person_id).await?,
            None if provider.provision.create_people => {
                let role = role.or(provider.provision.default_role).ok_or(Error::SsoRoleMissing)?;
                create_person(&mut tx, found, address, role).await?
            }
            None => return Err(Error::SsoPersonUnknown),
        };
        let now = tx.now();
        store::sso_subjects::insert_subject(&mut tx, provider.issuer(), &found.subject, person.id, now).await?;
        tx.commit().await?;
        tracing::info!(person_id = %person.id, "bound a person to their account at the provider");
        Ok(person)
    }

    /// Deletes a limited number of used states whose logins have expired. True if more may remain.
    pub(crate) async fn prune_sso_states(&self) -> Result<bool, Error> {
        let mut tx = self.write.begin().await?;
        let now = tx.now();
        let states = store::sso_used_states::delete_expired_used_states(&mut tx, now, PRUNE_STATES_MAX).await?;
        tx.commit().await?;
        Ok(states >= PRUNE_STATES_MAX.unsigned_abs())
    }
}

/// Whether a login failed because of what the browser or the provider has sent. Other errors are of
/// this program or of the provider's server.
const fn is_failed_login(error: &Error) -> bool {
    matches!(
        error,
        Error::SsoStateInvalid
            | Error::SsoDenied
            | Error::SsoRefused
            | Error::SsoTokenInvalid
            | Error::SsoEmailUnverified
            | Error::SsoEmailTaken
            | Error::SsoPersonInactive
            | Error::SsoPersonUnknown
            | Error::SsoRoleMissing
            | Error::LastAdmin
    )
}

fn provider(settings: &SsoSettings, public_url: &str, ambient: Ambient) -> Result<Option<Provider>, Error> {
    let Some(provision) = settings.parse()? else { return Ok(None) };
    let (callback, login_page) =
        (format!("{public_url}{CALLBACK_PATH}"), format!("{public_url}{}", contracts::pages::LOGIN));
    Provider::new(provision, callback, login_page, ambient).map(Some)
}

/// The code of a login that succeeded.
fn code_of(callback: Callback) -> Result<String, Error> {
    match (callback.code, callback.error) {
        (_, Some(error)) if error == "access_denied" => Err(Error::SsoDenied),
        (_, Some(error)) => {
            tracing::warn!(error, "the provider refuses a login");
            Err(Error::SsoRefused)
        }
        (Some(code), None) => Ok(code),
        (None, None) => Err(Error::SsoStateInvalid),
    }
}

/// The role that the person has to have; `None` if the provider decides no roles.
fn role_of(provider: &Provider, found: &ProviderPerson) -> Result<Option<Role>, Error> {
    if provider.provision.mapping.is_none() {
        return Ok(None);
    }
    found.mapped_role.or(provider.provision.default_role).map(Some).ok_or(Error::SsoRoleMissing)
}

async fn bound_person(tx: &mut Tx, provider: &Provider, found: &ProviderPerson) -> Result<Option<PersonId>, Error> {
    Ok(store::sso_subjects::load_person_of_subject(tx, provider.issuer(), &found.subject).await?)
}

async fn load_active(tx: &mut Tx, id: PersonId) -> Result<Person, Error> {
    let person = store::people::load_person(tx, id).await?.ok_or(Error::PersonNotFound)?;
    if person.active { Ok(person) } else { Err(Error::SsoPersonInactive) }
}

/// Creates the person of a first login. Until there is an admin, only an admin is created: the
/// one-time link of the first admin is valid only while there is no person.
async fn create_person(tx: &mut Tx, found: &ProviderPerson, address: MailAddress, role: Role) -> Result<Person, Error> {
    if role != Role::Admin && !store::people::exists_person(tx).await? {
        return Err(Error::SsoPersonUnknown);
    }
    let new = |name: &str| NewPerson { email: address.text.clone(), name: name.to_owned(), role, language: None };
    // A provider may know no name, or one that is not allowed here. An admin can change it.
    let valid = found.name.as_deref().and_then(|name| new(name).parse().ok());
    let valid = valid.map_or_else(|| new(&address.text).parse(), Ok).map_err(Error::Invalid)?;
    let person = valid.into_person(tx.new_id(), tx.now());
    store::people::insert_person(tx, &person, &address.key, None).await?;
    tx.emit(&PeopleChanged { people: vec![person.state()] }).await?;
    tx.audit(Audit::new(AuditAction::PersonCreated).by(person.id).of(person.id).with("role", person.role)).await?;
    tracing::info!(person_id = %person.id, role = %person.role, "created a person at their first login");
    Ok(person)
}

//! The OpenID provider: its documents, the address of a login, and what a completed login proves.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use kernel::Ambient;
use kernel::runtime::repeated::Repeated;
use openidconnect::core::{CoreAuthenticationFlow, CoreClientAuthMethod, CoreGenderClaim};
use openidconnect::{
    AuthType, AuthorizationCode, CsrfToken, EndSessionUrl, LogoutRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, RedirectUrl, RequestTokenError, SubjectIdentifier,
    TokenResponse, UserInfoClaims,
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::http_client::HttpClient;
use super::id_token::{has_unknown_key, verify};
use super::protocol::{Client, Metadata, OtherClaims, Tokens};
use super::settings::Provision;
use super::state::LoginState;
use crate::domain::ProviderPerson;
use crate::error::Error;

/// How long the documents of the provider are used before they are loaded again.
const DOCUMENTS_AGE_MAX: Duration = Duration::hours(1);
/// Minimum time between two loads because an ID token names an unknown key.
const UNKNOWN_KEY_PAUSE: Duration = Duration::seconds(10);
/// After a load that failed, further logins fail for this time without another try.
const FAILURE_PAUSE: Duration = Duration::seconds(2);
/// Maximum length of a subject, in characters (OpenID Connect Core 1.0, section 2).
const SUBJECT_CHARS_MAX: usize = 255;

static UNAVAILABLE: Repeated = Repeated::new();

/// The documents of the provider, and when they were loaded.
#[derive(Default)]
struct Documents {
    loaded: Option<(Arc<Metadata>, DateTime<Utc>)>,
    failed_at: Option<DateTime<Utc>>,
}

/// The provider of an installation. It is asked at the first login, not at the start.
pub(crate) struct Provider {
    pub provision: Provision,
    redirect_uri: RedirectUrl,
    /// Where the provider sends the browser after a logout.
    after_logout: PostLogoutRedirectUrl,
    http: HttpClient,
    ambient: Ambient,
    documents: Mutex<Documents>,
}

impl Provider {
    /// The provider that sends browsers to `callback`, and to `after_logout` after a logout.
    pub fn new(provision: Provision, callback: String, after_logout: String, ambient: Ambient) -> Result<Self, Error> {
        let invalid = |_| Error::Internal("http.public_url is no URL".to_owned());
        Ok(Self {
            redirect_uri: RedirectUrl::new(callback).map_err(invalid)?,
            after_logout: PostLogoutRedirectUrl::new(after_logout).map_err(invalid)?,
            http: HttpClient::new(provision.addresses)?,
            provision,
            ambient,
            documents: Mutex::default(),
        })
    }

    /// The address of this program to which the provider sends browsers.
    pub fn redirect_uri(&self) -> &str {
        self.redirect_uri.as_str()
    }

    /// The provider's issuer URL.
    pub fn issuer(&self) -> &str {
        self.provision.issuer.as_str()
    }

    /// The address of the provider at which the login takes place.
    pub async fn login_url(&self, login: &LoginState) -> Result<String, Error> {
        let documents = self.documents(DOCUMENTS_AGE_MAX).await?;
        let client = self.client(&documents);
        let (state, nonce) = (CsrfToken::new(login.state.clone()), Nonce::new(login.nonce.clone()));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(login.verifier.clone()));
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce);
        let request = request.add_scopes(self.provision.scopes.iter().cloned()).set_pkce_challenge(challenge);
        Ok(request.url().0.into())
    }

    /// Whether the answer comes from this provider: `issuer` is the provider that the answer names.
    pub async fn has_sent(&self, issuer: Option<&str>) -> Result<bool, Error> {
        let documents = self.documents(DOCUMENTS_AGE_MAX).await?;
        let must_name = documents.additional_metadata().authorization_response_iss_parameter_supported;
        Ok(issuer.map_or(!must_name, |issuer| issuer == self.issuer()))
    }

    /// The address of the provider at which the browser ends its session there; `None` if the
    /// provider has none or does not answer.
    pub async fn logout_url(&self) -> Option<String> {
        let documents = self.documents(DOCUMENTS_AGE_MAX).await.ok()?;
        let endpoint = documents.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(endpoint).set_client_id(self.provision.client_id.clone());
        Some(request.set_post_logout_redirect_uri(self.after_logout.clone()).http_get_url().into())
    }

    /// Loads the documents of the provider: for a check of the settings.
    ///
    /// # Errors
    /// The reason why there is no login at present.
    pub async fn probe(&self) -> Result<(), String> {
        self.load().await.map(drop)
    }

    /// Exchanges the code of a completed login, and checks what the provider says of the person.
    pub async fn person(&self, login: &LoginState, code: String, now: DateTime<Utc>) -> Result<ProviderPerson, Error> {
        let documents = self.documents(DOCUMENTS_AGE_MAX).await?;
        let mut client = self.client(&documents);
        let tokens = self.exchange(&client, login, code).await?;
        let id_token = tokens.id_token().ok_or_else(|| invalid_token(&"the response has no ID token"))?;
        let nonce = Nonce::new(login.nonce.clone());
        if has_unknown_key(&verify(&client, &tokens, id_token, &nonce, now)) {
            let documents = self.documents(UNKNOWN_KEY_PAUSE).await?;
            client = self.client(&documents);
        }
        let claims = verify(&client, &tokens, id_token, &nonce, now).map_err(|error| invalid_token(&error))?;
        let verifies_email = claims.email_verified() == Some(true);
        let mut person = ProviderPerson {
            subject: parse_subject(claims.subject())?,
            verified_email: claims.email().filter(|_| verifies_email).map(|email| email.as_str().to_owned()),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
            mapped_role: None,
        };
        let mut others = Value::Object(claims.additional_claims().values.clone());
        let mapping = self.provision.mapping.as_ref();
        let lacks_role = mapping.is_some_and(|mapping| !mapping.is_in(&others));
        // Many providers put only the subject into the ID token.
        if (claims.email().is_none() || lacks_role) && client.user_info_url().is_some() {
            let info = self.user_info(&client, &tokens, claims.subject().clone()).await?;
            let verifies_email = info.email_verified() == Some(true);
            if claims.email().is_none() {
                person.verified_email = info.email().filter(|_| verifies_email).map(|email| email.as_str().to_owned());
            }
            let name = info.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
            person.name = person.name.or(name);
            if lacks_role {
                others = Value::Object(info.additional_claims().values.clone());
            }
        }
        person.mapped_role = mapping.and_then(|mapping| mapping.role_in(&others));
        Ok(person)
    }

    async fn exchange(&self, client: &Client, login: &LoginState, code: String) -> Result<Tokens, Error> {
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| unavailable(&error))?;
        let verifier = PkceCodeVerifier::new(login.verifier.clone());
        request.set_pkce_verifier(verifier).request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => {
                tracing::warn!(error = response.to_string(), "the provider refuses a login");
                Error::SsoRefused
            }
            RequestTokenError::Request(error) => unavailable(&error),
            // The response may hold tokens, so it is not logged.
            RequestTokenError::Parse(error, _) => unavailable(&error),
            RequestTokenError::Other(error) => unavailable(&error),
        })
    }

    async fn user_info(
        &self,
        client: &Client,
        tokens: &Tokens,
        subject: SubjectIdentifier,
    ) -> Result<UserInfoClaims<OtherClaims, CoreGenderClaim>, Error> {
        let request = client.user_info(tokens.access_token().clone(), Some(subject));
        let request = request.map_err(|error| unavailable(&error))?;
        request.request_async(&self.http).await.map_err(|error| unavailable(&with_causes(&error)))
    }

    fn client(&self, documents: &Metadata) -> Client {
        let (id, secret) = (self.provision.client_id.clone(), self.provision.client_secret.clone());
        Client::from_provider_metadata(documents.clone(), id, secret)
            .set_redirect_uri(self.redirect_uri.clone())
            .set_auth_type(auth_type(documents))
    }

    /// The documents, at most as old as `age_max`. Of many logins at the same time one loads them,
    /// and the others wait for it.
    async fn documents(&self, age_max: Duration) -> Result<Arc<Metadata>, Error> {
        let mut documents = self.documents.lock().await;
        let now = self.ambient.now();
        if let Some((loaded, at)) = &documents.loaded
            && (now - *at).abs() < age_max
        {
            return Ok(Arc::clone(loaded));
        }
        if documents.failed_at.is_some_and(|failed_at| (now - failed_at).abs() < FAILURE_PAUSE) {
            return Err(Error::SsoUnavailable);
        }
        match self.load().await {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                *documents = Documents { loaded: Some((Arc::clone(&loaded), now)), failed_at: None };
                Ok(loaded)
            }
            Err(error) => {
                documents.failed_at = Some(now);
                Err(unavailable(&error))
            }
        }
    }

    async fn load(&self) -> Result<Metadata, String> {
        let loaded = Metadata::discover_async(self.provision.issuer.clone(), &self.http).await;
        let loaded = loaded.map_err(|error| with_causes(&error))?;
        let endpoint = loaded.additional_metadata().end_session_endpoint.as_ref();
        for url in [Some(loaded.authorization_endpoint().url()), endpoint.map(EndSessionUrl::url)].into_iter().flatten()
        {
            if !self.provision.addresses.allow(url) {
                return Err(format!("the provider names the address {url}, which is not https"));
            }
        }
        if loaded.token_endpoint().is_none() {
            return Err("the provider has no token endpoint, so it does not support the authorization code".to_owned());
        }
        Ok(loaded)
    }
}

/// How the program proves to the provider who it is. Providers that say nothing take the secret in
/// the header (OpenID Connect Discovery 1.0, section 3).
fn auth_type(documents: &Metadata) -> AuthType {
    let methods = documents.token_endpoint_auth_methods_supported();
    let supports = |method| methods.is_none_or(|methods| methods.contains(&method));
    let is_post_only =
        !supports(CoreClientAuthMethod::ClientSecretBasic) && supports(CoreClientAuthMethod::ClientSecretPost);
    if is_post_only { AuthType::RequestBody } else { AuthType::BasicAuth }
}

/// The provider's name for the person, if it is as OpenID Connect requires.
fn parse_subject(subject: &SubjectIdentifier) -> Result<String, Error> {
    let is_valid = (1..=SUBJECT_CHARS_MAX).contains(&subject.chars().count()) && !subject.chars().any(char::is_control);
    if is_valid {
        Ok(subject.to_string())
    } else {
        Err(invalid_token(&"the subject is no text of 1 to 255 characters"))
    }
}

fn invalid_token(error: &dyn std::fmt::Display) -> Error {
    tracing::warn!(error = error.to_string(), "the provider's ID token was refused");
    Error::SsoTokenInvalid
}

fn unavailable(error: &dyn std::fmt::Display) -> Error {
    if let Some(suppressed) = UNAVAILABLE.due("") {
        tracing::warn!(error = error.to_string(), suppressed, "there is no login by single sign-on at present");
    }
    Error::SsoUnavailable
}

/// The message of an error with those of its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

//! The views that several endpoints answer with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, Utc};
use contracts::{Actor, ApiTokenId, AuditAction, Carrier, EventId, PersonId, Role, permission};
use kernel::Problem;
use kernel::http::accept::Accept;
use kernel::http::auth::{Caller, Credential};
use kernel::http::cookies::{Browser, SessionCookie};
use kernel::http::csv::{Cell, CsvRow};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::domain::{ApiToken, NamedAuditRecord, Person};
use crate::sessions::Tokens;

/// A language in which the company writes to a person.
// Only the API document has this type: a person has the language as text.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Language)]
pub(super) enum LanguageView {
    /// English.
    En,
    /// Russian.
    Ru,
}

/// What a token is.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenType)]
pub(super) enum TokenTypeView {
    /// A token for the header `Authorization: Bearer …`.
    Bearer,
}

/// The person who is logged in.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
    role: Role,
    /// What the role allows, sorted.
    #[schema(example = json!(["be_known", "see_own_wallet", "use_tasks"]))]
    permissions: Vec<&'static str>,
    /// Null for the default of the installation.
    #[schema(required, value_type = Option<LanguageView>)]
    language: Option<String>,
    /// The time zone in which the web frontend shows times to the person, by its name in the IANA
    /// database; null for that of the company.
    #[schema(required, example = "Europe/Berlin")]
    time_zone: Option<String>,
}

impl From<Person> for MeView {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            name: person.name,
            role: person.role,
            permissions: permission::names_of(person.role),
            language: person.language,
            time_zone: person.time_zone,
        }
    }
}

/// A personal API token without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiTokenView {
    #[schema(value_type = uuid::Uuid)]
    id: ApiTokenId,
    name: String,
    #[schema(example = json!(["read"]))]
    scopes: Vec<&'static str>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// To the minute; null if the token was never used.
    #[schema(required)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiToken> for ApiTokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.names(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// Distinguishes a field that is null from one that is omitted. Only some fields may be null.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A person as an admin sees them.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
    role: Role,
    active: bool,
    /// Null for the default of the installation.
    #[schema(required, value_type = Option<LanguageView>)]
    language: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            name: person.name,
            role: person.role,
            active: person.active,
            language: person.language,
            created_at: person.created_at,
        }
    }
}

/// What a login or a refresh gives.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SessionTokensView {
    /// For a program: the tokens.
    Bearer(TokensView),
    /// For a browser: the tokens are in cookies.
    Cookie(CookiesView),
}

/// The tokens of a session are in cookies that no page can read.
#[derive(Serialize, ToSchema)]
pub(super) struct CookiesView {
    /// Seconds until the access token expires.
    #[schema(minimum = 1, example = 600)]
    expires_in: i64,
    /// The session ends at this time, if it is not refreshed before.
    refresh_expires_at: DateTime<Utc>,
}

/// The tokens of a session. They are shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct TokensView {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    token_type: TokenTypeView,
    /// Seconds until the access token expires.
    #[schema(minimum = 1, example = 600)]
    expires_in: i64,
    /// Valid for one call of `POST /auth/refresh`.
    refresh_token: String,
    refresh_expires_at: DateTime<Utc>,
}

impl From<Tokens> for TokensView {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            token_type: TokenTypeView::Bearer,
            expires_in: tokens.expires_in_s,
            refresh_token: tokens.refresh_token,
            refresh_expires_at: tokens.refresh_expires_at,
        }
    }
}

/// The answer with the tokens of a session: in the body, or in cookies.
pub(super) fn session_response(tokens: Tokens, carrier: Carrier, browser: Browser) -> Result<HttpResponse, Problem> {
    let mut response = HttpResponse::Ok();
    if carrier == Carrier::Bearer {
        return Ok(secret_response(response, &SessionTokensView::Bearer(tokens.into())));
    }
    session_cookies(&mut response, &tokens, browser)?;
    let view = CookiesView { expires_in: tokens.expires_in_s, refresh_expires_at: tokens.refresh_expires_at };
    Ok(secret_response(response, &SessionTokensView::Cookie(view)))
}

/// Sets the cookies of a session.
pub(super) fn session_cookies(
    response: &mut HttpResponseBuilder,
    tokens: &Tokens,
    browser: Browser,
) -> Result<(), Problem> {
    let access = browser.set(SessionCookie::Access, &tokens.access_token, tokens.expires_in_s)?;
    let refresh = browser.set(SessionCookie::Refresh, &tokens.refresh_token, tokens.refresh_expires_in_s)?;
    response.append_header((header::SET_COOKIE, access)).append_header((header::SET_COOKIE, refresh));
    Ok(())
}

/// The answer to a browser whose login at the provider failed: the sign-in page with the code of
/// the problem. A program, which does not accept HTML, gets the problem.
pub(super) fn failed_login(request: &HttpRequest, problem: Problem) -> Result<HttpResponse, Problem> {
    if !Accept::of(request.headers()).names("text/html") {
        return Err(problem);
    }
    let location = format!("{}?sso_error={}", contracts::pages::LOGIN, problem.code());
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish())
}

/// What a browser forgets after a logout: answers that it has kept for its user (decision 65). The
/// storage stays, because it holds the language and drafts, which are kept per person.
const CLEARED: (&str, &str) = ("clear-site-data", "\"cache\"");

/// Deletes the cookies of a session that has ended, if the caller came by cookies, and what the
/// browser has cached.
pub(super) fn delete_cookies(
    response: &mut HttpResponseBuilder,
    caller: Caller,
    browser: Browser,
) -> Result<(), Problem> {
    if let Credential::Session { carrier: Carrier::Cookie, .. } = caller.credential {
        for cookie in [SessionCookie::Access, SessionCookie::Refresh] {
            response.append_header((header::SET_COOKIE, browser.delete(cookie)?));
        }
        response.insert_header(CLEARED);
    }
    Ok(())
}

/// A response that contains a secret. No cache may store it.
pub(super) fn secret_response(mut response: HttpResponseBuilder, body: &impl Serialize) -> HttpResponse {
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// A record of the audit trail.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditRecordView {
    #[schema(value_type = uuid::Uuid)]
    id: EventId,
    occurred_at: DateTime<Utc>,
    #[schema(value_type = AuditAction)]
    action: String,
    actor: ActorView,
    /// The address of the client; null if no request caused it.
    #[schema(required, value_type = Option<String>, example = "203.0.113.7")]
    address: Option<IpAddr>,
    /// What it was done to: the id of a person, task, run, transfer, event or mail, or a date.
    #[schema(required)]
    subject: Option<String>,
    /// The person that `subject` is the id of; null if it is that of something else.
    #[schema(required)]
    subject_person: Option<AuditPersonView>,
    /// What else is known of it, by name.
    details: BTreeMap<String, String>,
    /// The id of the request, which is also in the log.
    #[schema(required)]
    request_id: Option<String>,
}

impl CsvRow for AuditRecordView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "occurred_at",
        "action",
        "actor_kind",
        "person_id",
        "operating_system_user",
        "address",
        "subject",
        "details",
        "request_id",
        "person_name",
        "subject_name",
    ];

    fn cells(&self) -> Vec<Cell> {
        let address = self.address.map(|address| address.to_string());
        let details = serde_json::json!(self.details).to_string();
        vec![
            self.id.into(),
            self.occurred_at.into(),
            self.action.as_str().into(),
            self.actor.kind.as_str().into(),
            self.actor.person.as_ref().map(|person| person.id).into(),
            self.actor.operating_system_user.as_ref().into(),
            address.as_ref().into(),
            self.subject.as_ref().into(),
            details.as_str().into(),
            self.request_id.as_ref().into(),
            self.actor.person.as_ref().and_then(|person| person.name.as_ref()).into(),
            self.subject_person.as_ref().and_then(|person| person.name.as_ref()).into(),
        ]
    }
}

/// A person in a record.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPerson)]
pub(super) struct AuditPersonView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    /// Null if there is no such person any more, after a loss of data.
    #[schema(required)]
    name: Option<String>,
}

/// What performs an action.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActorKind)]
pub(super) enum ActorKindView {
    /// A person who is logged in.
    Person,
    /// A command on the command line.
    CommandLine,
    /// A client that is not logged in.
    Anonymous,
    /// The program itself.
    System,
}

impl ActorKindView {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::CommandLine => "command_line",
            Self::Anonymous => "anonymous",
            Self::System => "system",
        }
    }
}

/// Who performed an action.
#[derive(Serialize, ToSchema)]
pub(super) struct ActorView {
    kind: ActorKindView,
    /// The person who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    person: Option<AuditPersonView>,
    /// The user of the operating system who ran the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    operating_system_user: Option<String>,
}

impl From<NamedAuditRecord> for AuditRecordView {
    fn from(named: NamedAuditRecord) -> Self {
        let NamedAuditRecord { record, actor_name, subject } = named;
        let recorded = record.recorded;
        Self {
            id: record.event_id,
            occurred_at: recorded.occurred_at,
            action: recorded.action,
            actor: ActorView::new(recorded.actor, actor_name),
            address: recorded.address,
            subject: recorded.subject,
            subject_person: subject.map(|(id, name)| AuditPersonView { id, name: Some(name) }),
            details: recorded.details,
            request_id: recorded.request_id,
        }
    }
}

impl ActorView {
    /// `name` is that of a person.
    fn new(actor: Actor, name: Option<String>) -> Self {
        let view = |kind| Self { kind, person: None, operating_system_user: None };
        match actor {
            Actor::Person { person_id } => {
                Self { person: Some(AuditPersonView { id: person_id, name }), ..view(ActorKindView::Person) }
            }
            Actor::CommandLine { user } => {
                Self { operating_system_user: Some(user), ..view(ActorKindView::CommandLine) }
            }
            Actor::Anonymous => view(ActorKindView::Anonymous),
            Actor::System => view(ActorKindView::System),
        }
    }
}

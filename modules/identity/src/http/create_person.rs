//! `POST /people`: creates a person.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::Role;
use contracts::permission::ManagePeople;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, EntityVersion, answered, shielded};
use kernel::{Fault, FieldCode, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::{LanguageView, PersonView};
use crate::{Identity, NewPerson, Person};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreatePersonRequest {
    #[schema(example = "ada@example.com", max_length = 254)]
    email: String,
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: String,
    role: Role,
    /// Omitted or null for the default of the installation.
    #[serde(default)]
    #[schema(value_type = Option<LanguageView>)]
    language: Option<String>,
    /// 8 to 1024 characters, not one of the most common passwords, and neither the e-mail address
    /// nor the name of the person. If it is omitted, the response contains the token of a one-time
    /// link.
    #[serde(default)]
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    password: Option<String>,
    /// Whether a one-time link is mailed to the person. The response then contains no token. It
    /// excludes `password`.
    #[serde(default)]
    invite: bool,
}

#[derive(Serialize, ToSchema)]
struct CreatedPersonView {
    #[serde(flatten)]
    person: PersonView,
    /// The token of a one-time link to set a password, if the request has no password and invites
    /// nobody. It is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    set_password_token: Option<String>,
}

/// Creates a person
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(IdempotencyKey),
    request_body = CreatePersonRequest,
    responses(
        (status = 201, body = CreatedPersonView, description = "The new person", headers(("Location" = String, description = "The path of the person"), ("ETag" = String, description = "The version of the person"))),
        (status = 409, body = ProblemDocument, description = "`identity.email_taken`; `idempotency_answer_secret`: the person was created, and the token of the link is not given again"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: a field is not valid"),
        (status = 429, body = ProblemDocument, description = "`identity.busy`: too many passwords wait to be hashed"),
    )
)]
#[post("/people")]
pub async fn create_person(
    caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Body(request): Body<CreatePersonRequest>,
) -> Result<HttpResponse, Problem> {
    let CreatePersonRequest { email, name, role, language, password, invite } = request;
    if invite && password.is_some() {
        let detail = "a person who is invited sets the password with the link";
        return Err(Problem::invalid("/password", Fault::new(FieldCode::NotAllowed, detail)));
    }
    let new = NewPerson { email, name, role, language };
    let identity = identity.on_behalf_of(caller.person_id());
    if invite {
        let invited = |person: &Person| created(person, None);
        return answered(invited, shielded(async move { identity.invite_new_person(new).await })).await;
    }
    let created = |(person, token): &(Person, Option<String>)| created(person, token.clone());
    answered(created, shielded(async move { identity.create_person(new, password.as_deref()).await })).await
}

fn created(person: &Person, set_password_token: Option<String>) -> Answer {
    let has_token = set_password_token.is_some();
    let view = CreatedPersonView { person: person.clone().into(), set_password_token };
    let answer = Answer::json(201, &view).with_location(format!("/api/v1/people/{}", person.id));
    let answer = answer.with_version(EntityVersion(person.version));
    if has_token { answer.secret() } else { answer.without_caching() }
}

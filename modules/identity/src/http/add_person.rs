//! `POST /people`: a new person.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::Role;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Body, shielded};
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PersonView, secret_answer};
use crate::{Identity, NewPerson};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddPersonRequest {
    #[schema(example = "ada@example.com", max_length = 254)]
    email: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    role: Role,
    /// `en` or `ru`; without one the installation's default holds.
    #[serde(default)]
    language: Option<String>,
    /// 8 to 128 characters; without one the answer holds the token of a one-time link.
    #[serde(default)]
    #[schema(format = "password", min_length = 8, max_length = 128)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AddedPersonView {
    #[serde(flatten)]
    person: PersonView,
    /// The token of a one-time link, if no password was given; shown only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_password_token: Option<String>,
}

/// Adds a person.
#[utoipa::path(
    tag = "identity",
    request_body = AddPersonRequest,
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    responses(
        (status = 201, description = "The person", body = AddedPersonView, headers(("Location" = String, description = "The person's address"))),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`identity.email_taken`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field cannot be what it is", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "`identity.busy`", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/people")]
pub(super) async fn add_person(
    _: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Body(request): Body<AddPersonRequest>,
) -> Result<HttpResponse, Problem> {
    let AddPersonRequest { email, name, role, language, password } = request;
    let new = NewPerson { email, name, role, language };
    let (person, set_password_token) =
        shielded(async move { identity.add_person(new, password.as_deref()).await }).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/api/v1/people/{}", person.id)));
    Ok(secret_answer(response, &AddedPersonView { person: person.into(), set_password_token }))
}

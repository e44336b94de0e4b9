//! `PATCH /people/{id}`: updates a person's role, activity, address, name or language.

use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use contracts::permission::ManagePeople;
use contracts::{PersonId, Role};
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, EntityVersion, IfMatch, Path, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{LanguageView, PersonView, present};
use crate::{Identity, PersonUpdate};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdatePersonRequest {
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    role: Option<Role>,
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    active: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "ada@example.com", max_length = 254)]
    email: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: Option<String>,
    /// Null for the default of the installation.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<LanguageView>)]
    language: Option<Option<String>>,
}

/// Updates a person
///
/// `If-Match` is required, so that two admins do not overwrite each other's changes. An omitted
/// field keeps its value. A new role or activity revokes the person's access tokens at once. A
/// person who is deactivated is logged out. With a new address the person logs in from now on, and
/// mail goes there. The last active admin cannot be demoted or deactivated.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("If-Match" = String, Header, description = "The ETag of the person that the update was made for, or `*` for any version"),
    ),
    request_body = UpdatePersonRequest,
    responses(
        (status = 200, body = PersonView, description = "The person after the update", headers(("ETag" = String, description = "The version of the person"))),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
        (status = 409, body = ProblemDocument, description = "`identity.last_admin`, `identity.email_taken`"),
        (status = 412, body = ProblemDocument, description = "`precondition_failed`: the person was changed since"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: there is no field, or a field is not valid"),
        (status = 428, body = ProblemDocument, description = "`precondition_required`: the header If-Match is missing"),
    )
)]
#[patch("/people/{id}")]
pub async fn update_person(
    caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    if_match: IfMatch,
    Body(request): Body<UpdatePersonRequest>,
) -> Result<HttpResponse, Problem> {
    let UpdatePersonRequest { role, active, email, name, language } = request;
    let if_version = if_match.versions;
    let update = PersonUpdate { role, active, email, name, language, time_zone: None, if_version };
    let identity = identity.on_behalf_of(caller.person_id());
    let person = shielded(async move { identity.update_person(id, update).await }).await?;
    let version = EntityVersion(person.version);
    Ok(version.of(HttpResponse::Ok().json(PersonView::from(person))))
}

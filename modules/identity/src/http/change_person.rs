//! `PATCH /people/{id}`: another role, name or language, or the end of somebody's time here.

use actix_web::patch;
use actix_web::web::{Data, Json};
use contracts::permission::ManagePeople;
use contracts::{PersonId, Role};
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Body, Path, shielded};
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::PersonView;
use crate::{Identity, PersonChange};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePersonRequest {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role: Option<Role>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    active: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// `en` or `ru`; null for the installation's default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Option<Option<String>>,
}

/// A field that is there has a value; only one that may be null takes null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes a person.
///
/// What is left out stays. A new role or activity makes the person's access tokens worthless at once; deactivated, they are
/// logged out. The last active admin stays one.
#[utoipa::path(
    tag = "identity",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    request_body = ChangePersonRequest,
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    responses(
        (status = 200, description = "The person as they are now", body = PersonView),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`identity.last_admin`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No field, or one that cannot be what it is", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[patch("/people/{id}")]
pub(super) async fn change_person(
    _: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    Body(request): Body<ChangePersonRequest>,
) -> Result<Json<PersonView>, Problem> {
    let ChangePersonRequest { role, active, name, language } = request;
    let change = PersonChange { role, active, name, language };
    let person = shielded(async move { identity.change_person(id, change).await }).await?;
    Ok(Json(person.into()))
}

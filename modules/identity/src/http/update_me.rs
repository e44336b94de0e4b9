//! `PATCH /me`: updates the caller's own name, language or time zone.

use actix_web::web::Data;
use actix_web::{HttpResponse, patch};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, EntityVersion, IfMatch, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{LanguageView, MeView, present};
use crate::{Identity, ProfileUpdate};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateMeRequest {
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: Option<String>,
    /// Null for the default of the installation.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<LanguageView>)]
    language: Option<Option<String>>,
    /// The time zone in which the web frontend shows times to the person, by its name in the IANA
    /// database; null for that of the company. Business days are always those of the company.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Option<Option<String>>,
}

/// Updates the person who is logged in
///
/// `If-Match` is required, so that a change that was made elsewhere is not overwritten. An omitted
/// field keeps its value.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(("If-Match" = String, Header, description = "The ETag of the person that the update was made for, or `*` for any version")),
    request_body = UpdateMeRequest,
    responses(
        (status = 200, body = MeView, description = "The person after the update", headers(("ETag" = String, description = "The version of the person"))),
        (status = 412, body = ProblemDocument, description = "`precondition_failed`: the person was changed since"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: there is no field, or a field is not valid"),
        (status = 428, body = ProblemDocument, description = "`precondition_required`: the header If-Match is missing"),
    )
)]
#[patch("/me")]
pub async fn update_me(
    caller: Authorized<BeKnown>,
    identity: Data<Identity>,
    if_match: IfMatch,
    Body(request): Body<UpdateMeRequest>,
) -> Result<HttpResponse, Problem> {
    let UpdateMeRequest { name, language, time_zone } = request;
    let update = ProfileUpdate { name, language, time_zone, if_version: if_match.versions };
    let person = shielded(async move { identity.update_me(caller.person_id(), update).await }).await?;
    let version = EntityVersion(person.version);
    Ok(version.of(HttpResponse::Ok().json(MeView::from(person))))
}

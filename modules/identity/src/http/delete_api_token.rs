//! `DELETE /people/{id}/tokens/{token_id}`: revokes an API token of a person.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use contracts::permission::ManagePeople;
use contracts::{ApiTokenId, PersonId};
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, Path, shielded};

use crate::Identity;

/// Revokes an API token of a person
///
/// The token is refused from now on, within two seconds in every process. It needs a session: an
/// API token is refused.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("token_id" = uuid::Uuid, Path, description = "The token"),
    ),
    responses(
        (status = 204, description = "The token is revoked"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 404, body = ProblemDocument, description = "`not_found`: the person has no such token, or it was revoked before"),
    )
)]
#[delete("/people/{id}/tokens/{token_id}")]
pub async fn delete_api_token(
    caller: AuthorizedSession<ManagePeople>,
    identity: Data<Identity>,
    Path((person_id, token_id)): Path<(PersonId, ApiTokenId)>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let identity = identity.on_behalf_of(caller.person_id());
    shielded(async move { identity.delete_api_token(person_id, token_id).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! `DELETE /me/tokens/{id}`: revokes one of the caller's API tokens.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use contracts::ApiTokenId;
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, Path, shielded};

use crate::Identity;

/// Revokes one of the caller's API tokens
///
/// The token is refused from now on, within two seconds in every process. It needs a session: an
/// API token is refused.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(("id" = uuid::Uuid, Path, description = "The token")),
    responses(
        (status = 204, description = "The token is revoked"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 404, body = ProblemDocument, description = "`not_found`: the caller has no such token, or it was revoked before"),
    )
)]
#[delete("/me/tokens/{id}")]
pub async fn delete_my_api_token(
    caller: AuthorizedSession<BeKnown>,
    identity: Data<Identity>,
    Path(id): Path<ApiTokenId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let person_id = caller.person_id();
    let identity = identity.on_behalf_of(person_id);
    shielded(async move { identity.delete_api_token(person_id, id).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

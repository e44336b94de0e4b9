//! `POST /auth/logout`: ends the session.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{NoBody, shielded};
use kernel::problem::ProblemDocument;

use crate::Identity;

/// Logs out.
///
/// The session's access and refresh tokens are refused from now on.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/auth/logout")]
pub(super) async fn log_out(
    authorized: Authorized<BeKnown>,
    identity: Data<Identity>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    shielded(async move { identity.logout(authorized.caller()).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! `DELETE /sessions/{id}`: ends one of the caller's sessions.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use contracts::SessionId;
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::cookies::Browser;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, Path, shielded};

use super::views::delete_cookies;
use crate::Identity;

/// Ends one of the caller's sessions
///
/// The tokens of the session are refused from now on. The present session may be ended, too.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(("id" = uuid::Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 404, body = ProblemDocument, description = "`not_found`: the caller has no such session, or it has ended"),
    )
)]
#[delete("/sessions/{id}")]
pub async fn delete_session(
    caller: AuthorizedSession<BeKnown>,
    identity: Data<Identity>,
    browser: Browser,
    Path(id): Path<SessionId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let caller = caller.caller();
    shielded(async move { identity.delete_session(caller.person_id, id).await }).await?;
    let mut response = HttpResponse::NoContent();
    if caller.session_id() == Some(id) {
        delete_cookies(&mut response, caller, browser)?;
    }
    Ok(response.finish())
}

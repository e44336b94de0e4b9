//! `POST /auth/logout`: ends the caller's session.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::cookies::Browser;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, shielded};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::delete_cookies;
use crate::Identity;

/// The session at the OpenID provider, which has not ended.
#[derive(Serialize, ToSchema)]
struct ProviderSessionView {
    /// Open this address in the browser to log out at the provider, too.
    #[schema(format = "uri")]
    end_session_url: String,
}

/// Logs out
///
/// The access and refresh tokens of the session are refused from now on. The cookies of a browser
/// are deleted. After a login by single sign-on, the answer has the address at which the browser
/// logs out at the provider, too, if the provider has one. An API token has no session.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses(
        (status = 200, body = ProviderSessionView, description = "The session has ended. The one at the provider has not"),
        (status = 204, description = "The session has ended"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
    )
)]
#[post("/auth/logout")]
pub async fn logout(
    caller: AuthorizedSession<BeKnown>,
    identity: Data<Identity>,
    browser: Browser,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let caller = caller.caller();
    let end_session_url = shielded(async move { identity.logout(caller).await }).await?;
    let mut response = if end_session_url.is_some() { HttpResponse::Ok() } else { HttpResponse::NoContent() };
    delete_cookies(&mut response, caller, browser)?;
    Ok(match end_session_url {
        Some(end_session_url) => response.json(ProviderSessionView { end_session_url }),
        None => response.finish(),
    })
}

//! `POST /auth/refresh`: gives new tokens for a refresh token.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use contracts::Carrier;
use kernel::Problem;
use kernel::http::cookies::{Browser, SessionCookie};
use kernel::http::problem::ProblemDocument;
use kernel::http::{OptionalBody, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{SessionTokensView, session_response};
use crate::{Error, Identity};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshTokensRequest {
    refresh_token: String,
}

/// Gives new tokens for a refresh token
///
/// The refresh token is in the body, or in the cookie if there is no body. It is used once: the
/// response has its successor. For thirty seconds a further use gives the same successor, as long
/// as that is not used itself, so that two tabs may refresh at the same moment. Any later use ends
/// the session, because the token may be stolen.
#[utoipa::path(
    tag = "identity",
    request_body = Option<RefreshTokensRequest>,
    responses(
        (status = 200, body = SessionTokensView, description = "New tokens of the same session"),
        (status = 401, body = ProblemDocument, description = "`identity.refresh_invalid`, `identity.refresh_reused`"),
        (status = 403, body = ProblemDocument, description = "`csrf_refused`: the cookie comes from another origin"),
    )
)]
#[post("/auth/refresh")]
pub async fn refresh_tokens(
    identity: Data<Identity>,
    browser: Browser,
    request: HttpRequest,
    OptionalBody(body): OptionalBody<RefreshTokensRequest>,
) -> Result<HttpResponse, Problem> {
    let (refresh_token, carrier) = match body {
        Some(body) => (body.refresh_token, Carrier::Bearer),
        None => {
            let cookie = browser.find(request.headers(), SessionCookie::Refresh).ok_or(Error::RefreshInvalid)?;
            browser.require_same_origin()?;
            (cookie.to_owned(), Carrier::Cookie)
        }
    };
    let tokens = shielded(async move { identity.refresh_tokens(&refresh_token).await }).await?;
    session_response(tokens, carrier, browser)
}

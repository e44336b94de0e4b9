//! `POST /auth/login`: begins a session.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use contracts::{Carrier, Secret};
use kernel::Problem;
use kernel::http::context::client_address;
use kernel::http::cookies::{Browser, SessionCookie};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::{SessionTokensView, session_response};
use crate::{Device, Identity};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(format = "password")]
    password: String,
    /// For a browser: the tokens of the session are set as cookies, and the body holds none.
    #[serde(default)]
    cookies: bool,
}

/// Logs in with an e-mail address and a password
///
/// An unknown address, a wrong password and a deactivated person get the same response. With
/// `"cookies": true` the tokens are set as `HttpOnly` cookies (`__Host-piecework_access` and
/// `__Host-piecework_refresh`; at a loopback address without TLS they have no prefix). The request
/// must then come from a page of the same origin.
#[utoipa::path(
    tag = "identity",
    request_body = LoginRequest,
    responses(
        (status = 200, body = SessionTokensView, description = "The tokens of a new session"),
        (status = 401, body = ProblemDocument, description = "`identity.wrong_credentials`"),
        (status = 403, body = ProblemDocument, description = "`csrf_refused`: cookies are asked for from another origin"),
        (status = 429, body = ProblemDocument, description = "`identity.busy`: too many passwords wait to be checked; `rate_limited`: too many logins have failed"),
    )
)]
#[post("/auth/login")]
pub async fn login(
    identity: Data<Identity>,
    browser: Browser,
    request: HttpRequest,
    Body(body): Body<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let carrier = if body.cookies { Carrier::Cookie } else { Carrier::Bearer };
    if carrier == Carrier::Cookie {
        browser.require_same_origin()?;
    }
    let device = device(&request, carrier, browser);
    let login = async move { identity.login_on(&device, &body.email, &body.password).await };
    session_response(shielded(login).await?, carrier, browser)
}

/// What the request says about the device. New cookies replace the session of those that it sends.
pub(super) fn device(request: &HttpRequest, carrier: Carrier, browser: Browser) -> Device {
    let headers = request.headers();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let replaced = browser.find(headers, SessionCookie::Refresh).filter(|_| carrier == Carrier::Cookie);
    let replaced_refresh_token = replaced.map(|token| Secret(token.to_owned()));
    Device { carrier, user_agent, address: client_address(), replaced_refresh_token }
}

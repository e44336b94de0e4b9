//! `GET /auth/sso/callback`: begins the session of a browser that comes back from the provider.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use contracts::Carrier;
use kernel::Problem;
use kernel::http::cookies::{Browser, SessionCookie};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Query, shielded};
use serde::Deserialize;
use utoipa::IntoParams;

use super::login::device;
use super::views::{failed_login, session_cookies};
use crate::Identity;
use crate::sso::Callback;

/// Providers add parameters of their own, so unknown ones are ignored.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CompleteSsoLoginQuery {
    /// The `state` that the login has sent.
    state: Option<String>,
    /// The authorization code of a login that succeeded.
    code: Option<String>,
    /// The error of a login that did not succeed, such as `access_denied`.
    error: Option<String>,
    /// The issuer URL of the provider.
    iss: Option<String>,
}

/// Completes a login at the OpenID provider
///
/// The provider sends the browser here. The answer sets the cookies of a session, as a login with
/// `"cookies": true` does, and sends the browser to the path at which the login began. The session
/// whose cookies they replace ends. A browser that accepts `text/html` is sent to
/// `/login?sso_error=…` with the code of the problem instead of a problem document.
#[utoipa::path(
    tag = "identity",
    params(CompleteSsoLoginQuery),
    responses(
        (status = 303, description = "To the path at which the login began, or to the sign-in page with the code of a problem", headers(("Location" = String, description = "A path of this program"))),
        (status = 400, body = ProblemDocument, description = "`identity.sso_state_invalid`"),
        (status = 401, body = ProblemDocument, description = "`identity.sso_refused`, `identity.sso_token_invalid`"),
        (status = 403, body = ProblemDocument, description = "`identity.sso_denied`, `identity.sso_email_unverified`, `identity.sso_person_inactive`, `identity.sso_person_unknown`, `identity.sso_role_missing`"),
        (status = 404, body = ProblemDocument, description = "`identity.sso_off`"),
        (status = 409, body = ProblemDocument, description = "`identity.sso_email_taken`, `identity.last_admin`: the provider takes the role from the last admin"),
        (status = 429, body = ProblemDocument, description = "`rate_limited`: too many logins have failed"),
        (status = 503, body = ProblemDocument, description = "`identity.sso_unavailable`: the provider does not answer"),
    )
)]
#[get("/auth/sso/callback")]
pub async fn complete_sso_login(
    identity: Data<Identity>,
    browser: Browser,
    request: HttpRequest,
    Query(query): Query<CompleteSsoLoginQuery>,
) -> Result<HttpResponse, Problem> {
    let CompleteSsoLoginQuery { state, code, error, iss: issuer } = query;
    let cookie = browser.find(request.headers(), SessionCookie::Login).map(str::to_owned);
    let callback = Callback { cookie, state, code, error, issuer };
    let device = device(&request, Carrier::Cookie, browser);
    let login = async move { identity.complete_sso_login(&device, callback).await };
    let (tokens, return_to) = match shielded(login).await {
        Ok(completed) => completed,
        Err(problem) => return failed_login(&request, problem),
    };
    let mut response = HttpResponse::SeeOther();
    session_cookies(&mut response, &tokens, browser)?;
    response
        .append_header((header::SET_COOKIE, browser.delete(SessionCookie::Login)?))
        .insert_header((header::LOCATION, return_to.as_str()));
    Ok(response.finish())
}

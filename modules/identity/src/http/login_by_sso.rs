//! `GET /auth/sso/login`: sends a browser to the OpenID provider.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::Problem;
use kernel::http::Query;
use kernel::http::cookies::{Browser, SessionCookie};
use kernel::http::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::failed_login;
use crate::Identity;
use crate::domain::ReturnPath;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LoginBySsoQuery {
    /// The path of this program to which the browser returns after the login, with its query. At
    /// most 1000 characters. The first page without it.
    #[param(example = "/tasks?status=open", max_length = 1000)]
    return_to: Option<String>,
}

/// Begins a login at the OpenID provider
///
/// Open this address in the browser. A cookie keeps what the login remembers for ten minutes. A
/// browser that accepts `text/html` is sent to `/login?sso_error=…` with the code of the problem
/// instead of a problem document. A page of another origin cannot begin a login.
#[utoipa::path(
    tag = "identity",
    params(LoginBySsoQuery),
    responses(
        (status = 302, description = "To the provider", headers(("Location" = String, description = "The address of the provider"))),
        (status = 303, description = "To the sign-in page, with the code of a problem", headers(("Location" = String, description = "The path of the sign-in page"))),
        (status = 403, body = ProblemDocument, description = "`csrf_refused`: a page of another origin has opened the address"),
        (status = 404, body = ProblemDocument, description = "`identity.sso_off`"),
        (status = 503, body = ProblemDocument, description = "`identity.sso_unavailable`: the provider does not answer"),
    )
)]
#[get("/auth/sso/login")]
pub async fn login_by_sso(
    identity: Data<Identity>,
    browser: Browser,
    request: HttpRequest,
    Query(query): Query<LoginBySsoQuery>,
) -> Result<HttpResponse, Problem> {
    // A login that another page begins would replace the session of this browser.
    if let Err(problem) = browser.refuse_cross_origin() {
        return failed_login(&request, problem);
    }
    let return_to = ReturnPath::parse(query.return_to.as_deref()).map_err(Problem::malformed_field)?;
    let login = match identity.login_by_sso(&return_to).await {
        Ok(login) => login,
        Err(error) => return failed_login(&request, error.into()),
    };
    let mut response = HttpResponse::Found();
    response
        .insert_header((header::LOCATION, login.url))
        .append_header((header::SET_COOKIE, browser.set(SessionCookie::Login, &login.cookie, login.cookie_age_s)?));
    Ok(response.finish())
}

//! Identifies the caller of a request. The handler of the route decides what the caller may do.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use contracts::Carrier;
use kernel::Problem;
use kernel::http::auth::Identified;
use kernel::http::context::RequestContext;
use kernel::http::cookies::{Browser, SessionCookie};

use crate::http::gateway::Gateway;

/// Checks the access token and stores the result in the request.
///
/// A request that changes something and is authenticated by a cookie has to come from a page of
/// this program, because a browser sends the cookie with requests of other pages, too.
pub async fn identify(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let browser = gateway.site.browser(request.request());
    let identified = match access_token(request.headers(), browser) {
        Ok(None) => Identified::Anonymous,
        Ok(Some((token, Carrier::Bearer))) => identified(gateway.identity.authenticate(token).await),
        Ok(Some((token, Carrier::Cookie))) => {
            let authenticated = gateway.identity.authenticate_cookie(token).await;
            let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
            identified(authenticated.and_then(|caller| {
                if !is_safe {
                    browser.require_same_origin()?;
                }
                Ok(caller)
            }))
        }
        Err(problem) => Identified::Refused(problem),
    };
    if let (Identified::Caller(caller), Some(context)) = (&identified, RequestContext::current()) {
        context.identify(caller.person_id);
    }
    request.extensions_mut().insert(browser);
    request.extensions_mut().insert(identified);
    next.call(request).await
}

fn identified(authenticated: Result<kernel::http::auth::Caller, Problem>) -> Identified {
    authenticated.map_or_else(Identified::Refused, Identified::Caller)
}

/// The access token of a request and how it was sent. With an `Authorization` header, cookies do
/// not count: a program says by it who it is.
///
/// # Errors
/// 401: the header has another form.
pub fn access_token(headers: &HeaderMap, browser: Browser) -> Result<Option<(&str, Carrier)>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION);
    match (sent.next(), sent.next()) {
        (None, _) => Ok(browser.find(headers, SessionCookie::Access).map(|token| (token, Carrier::Cookie))),
        (Some(header), None) => match bearer_token(header) {
            Some(token) => Ok(Some((token, Carrier::Bearer))),
            None => Err(not_authenticated("the Authorization header is not `Bearer` followed by an access token")),
        },
        (Some(_), Some(_)) => Err(not_authenticated("the request has more than one Authorization header")),
    }
}

fn not_authenticated(detail: &str) -> Problem {
    Problem::new(401, "not_authenticated", detail)
}

fn bearer_token(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use kernel::http::cookies::CookieForm;

    use super::*;

    #[test]
    fn a_token_follows_the_word_bearer() {
        let token = |text| bearer_token(&HeaderValue::from_static(text)).map(str::to_owned);
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(token("Bearer "), None);
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("abc"), None);
    }

    #[test]
    fn an_authorization_header_counts_instead_of_a_cookie() {
        let browser = Browser { form: CookieForm::Loopback, is_same_origin: false, is_cross_origin: false };
        let mut headers = HeaderMap::new();
        assert!(access_token(&headers, browser).unwrap().is_none());
        headers.append(header::COOKIE, HeaderValue::from_static("piecework_access=c"));
        assert_eq!(access_token(&headers, browser).unwrap(), Some(("c", Carrier::Cookie)));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert_eq!(access_token(&headers, browser).unwrap(), Some(("b", Carrier::Bearer)));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert!(access_token(&headers, browser).is_err());
        headers.remove(header::AUTHORIZATION);
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic c"));
        assert!(access_token(&headers, browser).is_err(), "the cookie does not count");
    }
}

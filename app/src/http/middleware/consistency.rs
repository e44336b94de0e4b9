//! Read-your-writes: reads the position that the client has seen, and sends the position that a
//! command has written.
//!
//! A program sends the header `x-piecework-position` of a command's response back with its next
//! reads. A browser does the same by a cookie, and a page may send the header as well.
//! `?consistency=strong` reads from the primary. The header `x-piecework-stale: true` marks a
//! response that may be older than the requested position. A position covers the writes of the
//! command itself. Other modules apply the events of the command later.

use std::str::FromStr;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web;
use kernel::Problem;
use kernel::http::consistency::{Consistency, Positions, scope};
use kernel::http::cookies::{Browser, SessionCookie};

use super::headers::edit_head;
use crate::http::gateway::Gateway;
use crate::http::prefix::API_PREFIX;

const POSITION_HEADER: HeaderName = HeaderName::from_static("x-piecework-position");
const STALE_HEADER: HeaderName = HeaderName::from_static("x-piecework-stale");
/// Lifetime of the cookie. After this time, every replica that is used for reads has replayed the
/// position.
const COOKIE_AGE_S: i64 = 60;
/// The query parameter that selects the primary.
const PARAMETER: &str = "consistency";

/// Makes the demands of the request available to the modules and adds the results to the response.
pub async fn negotiate(
    gateway: web::Data<Gateway>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    if !request.path().starts_with(API_PREFIX) {
        return next.call(request).await;
    }
    let browser = gateway.site.browser(request.request());
    let seen = seen(request.headers(), browser, gateway.status.databases())?;
    let strong = take_parameter(&mut request)?;
    let consistency = Arc::new(Consistency::new(seen, strong));
    let response = scope(Arc::clone(&consistency), async move { next.call(request).await }).await;
    edit_head(response, |head| add_headers(&consistency, browser, head))
}

/// The later position of each database in the header and in the cookie: a page names the events
/// that it has seen in the header, and the browser the commands in the cookie. An empty header
/// contains no position. An invalid cookie is ignored, because the user of a browser did not write
/// it.
fn seen(headers: &HeaderMap, browser: Browser, databases: [&str; 2]) -> Result<Positions, Problem> {
    let parse = |text: &str| {
        let positions = Positions::from_str(text).ok();
        positions.filter(|positions| positions.databases().all(|name| databases.contains(&name)))
    };
    let cookie = browser.find(headers, SessionCookie::Position);
    let mut seen = cookie.and_then(parse).unwrap_or_default();
    if let Some(sent) = headers.get(POSITION_HEADER).filter(|sent| !sent.is_empty()) {
        seen.raise_to(&sent.to_str().ok().and_then(parse).ok_or_else(|| {
            let detail = "is not a position from the response of a command, such as tracker=0/16B3748";
            Problem::malformed(POSITION_HEADER.as_str(), detail)
        })?);
    }
    Ok(seen)
}

/// Removes `consistency` from the query of a read, because no handler knows the parameter.
fn take_parameter(request: &mut ServiceRequest) -> Result<bool, Problem> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_ours = |part: &&str| part.split('=').next() == Some(PARAMETER);
    let query = request.query_string();
    let mut values = query.split('&').filter(is_ours);
    let Some(value) = values.next().filter(|_| is_read) else { return Ok(false) };
    if value != "consistency=strong" || values.next().is_some() {
        return Err(Problem::malformed("?consistency", "is `strong`, once, or is left out"));
    }
    let rest: Vec<&str> = query.split('&').filter(|part| !is_ours(part)).collect();
    let path = request.path();
    let address = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let uri = Uri::from_str(&address).map_err(|error| Problem::malformed("?consistency", error.to_string()))?;
    request.head_mut().uri = uri;
    Ok(true)
}

fn add_headers(consistency: &Consistency, browser: Browser, head: &mut ResponseHead) {
    let is_unchanged = head.status == StatusCode::NOT_MODIFIED;
    let headers = &mut head.headers;
    if let Some(written) = consistency.written() {
        let written = written.to_string();
        // A cookie must not contain a comma.
        let cookie = written.replace(',', "&");
        if let Ok(value) = HeaderValue::from_str(&written) {
            headers.insert(POSITION_HEADER, value);
        }
        if let Ok(value) = browser.set(SessionCookie::Position, &cookie, COOKIE_AGE_S) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    if consistency.is_stale() {
        headers.insert(STALE_HEADER, HeaderValue::from_static("true"));
    } else if is_unchanged {
        // A browser keeps the headers of a stale response that a 304 does not replace.
        headers.insert(STALE_HEADER, HeaderValue::from_static("false"));
    }
}

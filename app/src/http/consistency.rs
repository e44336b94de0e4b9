//! How fresh an answer has to be: what the client has seen comes in, what it has written goes out, and what is old says so.
//!
//! Programs send back the header `x-piecework-position` of a command's answer with their next reads; browsers do the same by a cookie.
//! `?consistency=strong` asks the primary. `x-piecework-stale: true` stands on an answer that may be older than asked for.
//! A position covers what the command itself wrote. What it causes in other modules, by events, comes later.

use std::str::FromStr;
use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;
use actix_web::web;
use kernel::Problem;
use kernel::consistency::{Consistency, Positions, scope};

use super::problems::edit_headers;
use super::{API_PREFIX, Gateway};

const POSITION_HEADER: HeaderName = HeaderName::from_static("x-piecework-position");
const STALE_HEADER: HeaderName = HeaderName::from_static("x-piecework-stale");
const COOKIE: &str = "piecework_position";
/// By then every replica that is asked at all has caught up.
const COOKIE_AGE_S: u32 = 60;
const PARAMETER: &str = "consistency";

pub async fn negotiate(
    gateway: web::Data<Gateway>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if !request.path().starts_with(API_PREFIX) {
        return next.call(request).await;
    }
    let seen = seen(request.headers(), gateway.state.databases())?;
    let strong = take_parameter(&mut request)?;
    let consistency = Arc::new(Consistency::new(seen, strong));
    let answered = scope(Arc::clone(&consistency), async move { next.call(request).await }).await;
    edit_headers(answered, |headers| tell(&consistency, headers))
}

/// The header counts; without one, the cookie. What a cookie says badly is left alone: nobody typed it.
fn seen(headers: &HeaderMap, databases: [&str; 2]) -> Result<Positions, Problem> {
    let is_known = |positions: &Positions| positions.databases().all(|name| databases.contains(&name));
    let Some(given) = headers.get(POSITION_HEADER) else {
        let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
        let ours = cookies.flat_map(|value| value.split(';')).find_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == COOKIE).then_some(value)
        });
        let seen = ours.and_then(|value| Positions::from_str(value).ok());
        return Ok(seen.filter(is_known).unwrap_or_default());
    };
    let seen = given.to_str().ok().and_then(|text| Positions::from_str(text).ok());
    seen.filter(is_known).ok_or_else(|| {
        let detail = "is not what a command answered there, such as tracker=0/16B3748";
        Problem::malformed(POSITION_HEADER.as_str(), detail)
    })
}

/// Takes `consistency` out of a query that reads: no handler knows it.
fn take_parameter(request: &mut ServiceRequest) -> Result<bool, Problem> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_ours = |part: &&str| part.split('=').next() == Some(PARAMETER);
    let query = request.query_string();
    let mut given = query.split('&').filter(is_ours);
    let Some(value) = given.next().filter(|_| is_read) else { return Ok(false) };
    if value != "consistency=strong" || given.next().is_some() {
        return Err(Problem::malformed("?consistency", "is `strong`, once, or left out"));
    }
    let rest: Vec<&str> = query.split('&').filter(|part| !is_ours(part)).collect();
    let path = request.path();
    let address = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let uri = Uri::from_str(&address).map_err(|error| Problem::malformed("?consistency", error.to_string()))?;
    request.head_mut().uri = uri;
    Ok(true)
}

fn tell(consistency: &Consistency, headers: &mut HeaderMap) {
    if let Some(written) = consistency.written() {
        let written = written.to_string();
        // In a cookie there may be no comma.
        let cookie = written.replace(',', "&");
        let cookie = format!("{COOKIE}={cookie}; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; SameSite=Lax");
        if let Ok(value) = HeaderValue::from_str(&written) {
            headers.insert(POSITION_HEADER, value);
        }
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    if consistency.is_stale() {
        headers.insert(STALE_HEADER, HeaderValue::from_static("true"));
    }
}

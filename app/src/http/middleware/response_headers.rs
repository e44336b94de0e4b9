//! Adds the headers that every response has: those that restrict what a browser does with it, and
//! the version of the program, by which an open page of another version notices the new one.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::headers::edit_headers;
use crate::http::pages::VERSION;
use crate::http::prefix::API_PREFIX;

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-piecework-version");

/// Headers with one value. A route that sets one of them keeps its own value.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    // JSON needs no sources. The route of a page sets a policy of its own.
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
         midi=(), payment=(), usb=()",
    ),
];
/// For two years a browser opens this host and those below it by TLS only.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

/// The media type of event streams. It has no parameter: their encoding is always UTF-8.
const EVENT_STREAM: &str = "text/event-stream";

/// Whether people reach the program by TLS.
pub struct BehindHttps(pub bool);

/// Adds the headers, and `no-store` to every response of the API that sets no cache policy.
pub async fn add(
    behind_https: web::Data<BehindHttps>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    // A response of the API contains data of its caller, so no cache may keep it by default.
    let is_private = request.path().starts_with(API_PREFIX);
    edit_headers(next.call(request).await, |headers| set(headers, is_private, behind_https.0))
}

/// Sets the headers that are missing, and names the version of this process, also if another
/// process has answered. `is_private`: no cache may keep the response by default.
/// `is_behind_https`: people reach the program by TLS.
pub fn set(headers: &mut HeaderMap, is_private: bool, is_behind_https: bool) {
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    for (name, value) in HEADERS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if is_behind_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT_SECURITY));
    }
    if let Some(content_type) = with_charset(headers) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if is_private && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// The content type of a text that does not name its encoding, with the encoding. A browser would
/// guess it otherwise.
fn with_charset(headers: &HeaderMap) -> Option<HeaderValue> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let is_unnamed =
        content_type.starts_with("text/") && content_type != EVENT_STREAM && !content_type.contains("charset=");
    is_unnamed.then(|| HeaderValue::from_str(&format!("{content_type}; charset=utf-8")).ok()).flatten()
}

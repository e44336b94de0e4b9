//! Turns every error response into a problem document, including the plain texts of actix, and a
//! panic of a handler.

use std::panic::AssertUnwindSafe;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use futures_util::FutureExt;
use kernel::Problem;
use kernel::runtime::retry::panic_message;

/// Replaces the body of an error response that is not JSON. Answers a panic with 500; without an
/// answer, actix closes the connection.
pub async fn rewrite(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let response = answered.unwrap_or_else(|panic| {
        let cause = format!("the handler panicked: {}", panic_message(&*panic));
        Err(Problem::internal(&cause).into())
    })?;
    if is_document(response.status(), response.headers()) {
        return Ok(response);
    }
    let problem = problem_of(response.status());
    // These are the only headers of actix' own error responses that carry information.
    let kept = [header::ALLOW, header::VARY].map(|name| (name.clone(), response.headers().get(name).cloned()));
    let mut rewritten = problem.error_response();
    for (name, value) in kept {
        if let Some(value) = value {
            rewritten.headers_mut().insert(name, value);
        }
    }
    Ok(response.into_response(rewritten))
}

/// Whether a response stays as it is: it is no error, or its body is a problem or the JSON of
/// `/readyz`.
fn is_document(status: StatusCode, headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = content_type.starts_with("application/problem+json") || content_type.starts_with("application/json");
    !(status.is_client_error() || status.is_server_error()) || is_json
}

/// The problem for a response that has only a status.
pub fn problem_of(status: StatusCode) -> Problem {
    match status.as_u16() {
        400 => Problem::new(400, "malformed_request", "the request cannot be read"),
        404 => Problem::new(404, "no_such_route", "no route matches this path"),
        405 => Problem::new(405, "method_not_allowed", "this path does not support the method"),
        406 => {
            let detail = "the response is not available in any encoding that the request accepts";
            Problem::new(406, "not_acceptable", detail)
        }
        408 => Problem::new(408, "request_timeout", "the request did not arrive in time"),
        413 => Problem::new(413, "body_too_large", "the body is too large"),
        414 => Problem::new(414, "address_too_long", "the URL is too long"),
        415 => Problem::new(415, "unsupported_media_type", "the content type of the body is not supported"),
        431 => {
            let detail = "the URL and the headers of the request are too large, or the headers are too many";
            Problem::new(431, "head_too_large", detail)
        }
        other if status.is_client_error() => Problem::new(other, "malformed_request", "the request is not valid"),
        _ => Problem::internal(&format!("a response without a problem document, status {status}")),
    }
}

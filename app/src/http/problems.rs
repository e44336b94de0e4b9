//! Whatever goes wrong comes out as a problem document, also what actix says by itself.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use kernel::Problem;

pub async fn rewrite<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let response = next.call(request).await?;
    if is_document(response.status(), response.headers()) {
        return Ok(response.map_into_left_body());
    }
    let problem = problem_of(response.status());
    // A redirect of the headers would be more than needed: of actix' own errors only these mean anything.
    let kept = [header::ALLOW, header::VARY].map(|name| (name.clone(), response.headers().get(name).cloned()));
    let mut rewritten = problem.error_response();
    for (name, value) in kept {
        if let Some(value) = value {
            rewritten.headers_mut().insert(name, value);
        }
    }
    Ok(response.into_response(rewritten).map_into_right_body())
}

/// Not an error, or one that was told in JSON: a problem, or the report of a probe.
fn is_document(status: StatusCode, headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = content_type.starts_with("application/problem+json") || content_type.starts_with("application/json");
    !(status.is_client_error() || status.is_server_error()) || told
}

fn problem_of(status: StatusCode) -> Problem {
    let (code, detail) = match status {
        StatusCode::BAD_REQUEST => ("malformed_request", "the request cannot be read"),
        StatusCode::NOT_FOUND => ("no_such_route", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "this address does not know that method"),
        StatusCode::NOT_ACCEPTABLE => {
            ("not_acceptable", "the answer cannot be had in any encoding that the request accepts")
        }
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "the request did not arrive in time"),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is too large"),
        StatusCode::URI_TOO_LONG => ("address_too_long", "the address is too long"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("unsupported_media_type", "the body is of a type that is not understood")
        }
        status if status.is_client_error() => ("malformed_request", "the request cannot be served as it is"),
        status => return Problem::internal(&format!("an answer without a problem document, status {status}")),
    };
    Problem::new(status.as_u16(), code, detail)
}

/// Changes the headers of an answer, also of one that is still an error.
pub fn edit_headers<B>(
    answered: Result<ServiceResponse<B>, Error>,
    edit: impl FnOnce(&mut HeaderMap),
) -> Result<ServiceResponse<B>, Error> {
    match answered {
        Ok(mut response) => {
            edit(response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            edit(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

//! Adds the version of the program to each response, so that an open page of another version can
//! say that there is a new one.

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::headers::edit_headers;
use crate::http::pages::VERSION;

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-piecework-version");

/// Names the version of this process, also if another process has answered.
pub async fn add(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    edit_headers(next.call(request).await, |headers| {
        headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    })
}

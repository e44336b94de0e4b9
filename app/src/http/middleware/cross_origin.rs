//! Lets pages of the origins that the settings name read the API (CORS). Without such origins no
//! response has a header of it, so a browser lets pages of other origins read nothing.
//!
//! No response allows credentials: a page of another origin sends a bearer token, never the cookies
//! of this program (decision 40).

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use super::headers::edit_headers;
use crate::http::gateway::Gateway;
use crate::http::prefix::API_PREFIX;

/// How long a browser may keep the answer to a preflight, in seconds. Browsers keep it for two
/// hours at most.
const PREFLIGHT_AGE_S: &str = "7200";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// The star stands for every header except `Authorization`.
const REQUEST_HEADERS: &str = "Authorization, *";

/// Answers the preflight of an allowed origin, and lets it read the responses to its requests.
pub async fn share(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    if gateway.site.allowed_origins().is_empty() || !request.path().starts_with(API_PREFIX) {
        return next.call(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let origin = origin.filter(|origin| gateway.site.allowed_origins().iter().any(|allowed| allowed == origin));
    let is_preflight = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && origin.is_some();
    let response = if is_preflight {
        let preflight = HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE_S))
            .finish();
        Ok(request.into_response(preflight))
    } else {
        next.call(request).await
    };
    edit_headers(response, |headers| set(headers, origin))
}

fn set(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    // Caches have to keep the responses for different origins apart.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }
}

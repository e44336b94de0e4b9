//! Gives every resource and list an ETag, and answers `If-None-Match` with 304.
//!
//! The tag of a resource with a version is strong, so that `If-Match` can compare it. It identifies
//! the bytes of one encoding, so the response is not compressed. All others are weak digests of the
//! body, because the body may be compressed afterwards.

use actix_web::body::{self, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, EntityTag, Header, HeaderMap, HeaderValue, IfNoneMatch, TryIntoHeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use kernel::http::EntityVersion;

use super::headers::exclude_from_compression;
use crate::http::digest::digest;
use crate::http::gateway::Gateway;
use crate::http::prefix::API_PREFIX;

/// Number of bytes of a digest in a tag.
const DIGEST_BYTES: usize = 16;
/// A browser may keep the response for its user, and asks each time whether it is current.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, no-cache");
/// The request headers on which a response depends.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Cookie");

/// Adds the tag to a response whose whole body is known. Event streams, files that are streamed,
/// errors and responses that no cache may store have no tag.
pub async fn answer(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let response = next.call(request).await?;
    let version = response.response().extensions().get::<EntityVersion>().copied();
    let is_read = response.request().method() == Method::GET && response.status() == StatusCode::OK;
    let is_storable = is_read && is_in_api(response.request()) && !forbids_storing(response.headers());
    if version.is_none() && !is_storable {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, bytes) = response.into_parts();
    let bytes = match bytes.try_into_bytes() {
        Ok(bytes) => bytes,
        Err(stream) => return Ok(ServiceResponse::new(request, response.set_body(stream))),
    };
    let tag = match version {
        Some(EntityVersion(version)) => EntityTag::new_strong(format!("{version}-{}", gateway.release)),
        None => EntityTag::new_weak(digest(&bytes, DIGEST_BYTES)),
    };
    if is_storable && has_current(&request, &tag) {
        let mut not_modified = HttpResponse::NotModified().message_body(body::None::new())?.map_into_boxed_body();
        set_headers(not_modified.headers_mut(), response.headers(), &tag);
        return Ok(ServiceResponse::new(request, not_modified));
    }
    if is_storable {
        let own = response.headers().clone();
        set_headers(response.headers_mut(), &own, &tag);
    } else if let Ok(value) = tag.try_into_value() {
        response.headers_mut().insert(header::ETAG, value);
    }
    if version.is_some() {
        exclude_from_compression(response.headers_mut());
    }
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(bytes))))
}

fn is_in_api(request: &HttpRequest) -> bool {
    request.path().starts_with(API_PREFIX)
}

/// Whether the endpoint has said `no-store`, alone or with other directives.
fn forbids_storing(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(','));
    directives.any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

/// Whether the client already has the response. The comparison is weak (RFC 9110, 13.1.2).
fn has_current(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(header::IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The headers that a 304 has like the 200. `own` are those of the endpoint.
fn set_headers(headers: &mut HeaderMap, own: &HeaderMap, tag: &EntityTag) {
    headers.insert(header::CACHE_CONTROL, own.get(header::CACHE_CONTROL).cloned().unwrap_or(CACHE_CONTROL));
    headers.insert(header::VARY, VARY);
    if let Ok(value) = tag.clone().try_into_value() {
        headers.insert(header::ETAG, value);
    }
}

//! Excludes responses from compression: event streams, because a compressor would hold small events
//! back, and responses with a strong ETag, because it identifies the bytes of one encoding.

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Marks such a response as already encoded.
pub async fn keep(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let is_exact =
        begins_with(headers, &header::CONTENT_TYPE, "text/event-stream") || begins_with(headers, &header::ETAG, "\"");
    if is_exact && !headers.contains_key(header::CONTENT_ENCODING) {
        // The compressor does not touch a response that has a content encoding.
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(response)
}

fn begins_with(headers: &HeaderMap, name: &HeaderName, start: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().starts_with(start.as_bytes()))
}

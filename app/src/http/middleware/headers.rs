//! Changes the head of a response, also of a response that is still an error value.

use actix_web::Error;
use actix_web::dev::{ResponseHead, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// Applies `edit` to the headers.
pub fn edit_headers<B>(
    response: Result<ServiceResponse<B>, Error>,
    edit: impl FnOnce(&mut HeaderMap),
) -> Result<ServiceResponse<B>, Error> {
    edit_head(response, |head| edit(&mut head.headers))
}

/// Applies `edit` to the head. An error value becomes the response that it would have become later.
pub fn edit_head<B>(
    response: Result<ServiceResponse<B>, Error>,
    edit: impl FnOnce(&mut ResponseHead),
) -> Result<ServiceResponse<B>, Error> {
    match response {
        Ok(mut response) => {
            edit(response.response_mut().head_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            edit(response.head_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Excludes a response from compression: the compressor leaves one that has a content encoding.
pub fn exclude_from_compression(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_ENCODING) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
}

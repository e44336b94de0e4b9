//! Gives every request an id, which its answer, its problem document and every line of the log carry.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use kernel::problem::REQUEST_ID;

use super::Gateway;
use super::problems::edit_headers;

const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LENGTH_MAX: usize = 64;

pub async fn assign(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let sent = request.headers().get(REQUEST_ID_HEADER).and_then(acceptable);
    let id = sent.unwrap_or_else(|| gateway.ambient.new_id::<()>().to_string());
    let value = HeaderValue::from_str(&id).ok();
    let answered = REQUEST_ID.scope(id, async move { next.call(request).await }).await;
    edit_headers(answered, |headers| {
        if let Some(value) = value {
            headers.insert(REQUEST_ID_HEADER, value);
        }
    })
}

/// What a client may choose as an id: something that can stand in a log.
fn acceptable(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let sane = (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    sane.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_client_is_short_and_visible() {
        let accepted = |text: &'static str| acceptable(&HeaderValue::from_static(text)).is_some();
        assert!(accepted("abc-123"));
        assert!(accepted("0123456789012345678901234567890123456789012345678901234567890123"));
        assert!(!accepted("01234567890123456789012345678901234567890123456789012345678901234"));
        assert!(!accepted(""));
        assert!(!accepted("a b"));
        assert!(!accepted("a\tb"));
    }
}

//! Gives every request an id, a trace context and a span. The response, its problem document and
//! every log line of the request carry the id. The events that the request causes carry the trace
//! context: that of the span, if it is recorded.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use kernel::Ambient;
use kernel::http::problem::REQUEST_ID;
use kernel::http::trace::TraceContext;
use kernel::runtime::span::Span;

use super::headers::edit_headers;
use super::request_body::ResponseBody;
use crate::http::request_span;

/// The header with the id, of a request and of its response.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT_HEADER: HeaderName = HeaderName::from_static("traceparent");
/// Maximum length of an id that a client sends.
const LENGTH_MAX: usize = 64;

/// Takes the id and the trace context that the client sent, if they are valid, and creates them
/// otherwise.
pub async fn assign(
    ambient: web::Data<Ambient>,
    request: ServiceRequest,
    next: Next<ResponseBody>,
) -> Result<ServiceResponse<ResponseBody>, Error> {
    let sent = request.headers().get(REQUEST_ID_HEADER).and_then(acceptable);
    let id = sent.unwrap_or_else(|| ambient.new_id::<()>().to_string());
    let value = HeaderValue::from_str(&id).ok();
    let traceparent = request.headers().get(TRACEPARENT_HEADER).and_then(|value| value.to_str().ok());
    let sent = traceparent.and_then(TraceContext::from_header);
    let span = request_span::start(&request, sent);
    let recorded = span.as_ref().and_then(Span::context);
    let trace = recorded.or(sent).unwrap_or_else(|| TraceContext::new(&ambient));
    let response = trace.scope(REQUEST_ID.scope(id, async move { next.call(request).await })).await;
    if let Some(span) = span {
        request_span::end(span, &response);
    }
    edit_headers(response, |headers| {
        if let Some(value) = value {
            headers.insert(REQUEST_ID_HEADER, value);
        }
    })
}

/// The id of the client, if it is short and printable, so that it can be written to a log.
fn acceptable(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let is_valid = (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_client_is_accepted_if_it_is_short_and_printable() {
        let accepted = |text: &'static str| acceptable(&HeaderValue::from_static(text)).is_some();
        assert!(accepted("abc-123"));
        assert!(accepted("0123456789012345678901234567890123456789012345678901234567890123"));
        assert!(!accepted("01234567890123456789012345678901234567890123456789012345678901234"));
        assert!(!accepted(""));
        assert!(!accepted("a b"));
        assert!(!accepted("a\tb"));
    }
}

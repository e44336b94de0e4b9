//! The span of a request, with the names of OpenTelemetry's conventions for servers. It contains no
//! path, no query and no header: a client may send anything there.

use actix_web::Error;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use kernel::http::trace::TraceContext;
use kernel::runtime::span::{KeyValue, Span, SpanKind};

use super::middleware::access_log::{QUIET, UNKNOWN_METHOD, known_method, status_of};
use super::route_pattern::route_pattern;

/// Starts the span of a request, in the trace that the client has sent or in one of its own.
pub fn start(request: &ServiceRequest, sent: Option<TraceContext>) -> Option<Span> {
    if QUIET.contains(&request.path()) {
        return None;
    }
    let describe = || {
        let method = match known_method(request.method().as_str()) {
            UNKNOWN_METHOD => "_OTHER",
            method => method,
        };
        let mut attributes = vec![KeyValue::new("http.request.method", method)];
        let Some(route) = route_pattern(request) else { return (method.to_owned(), attributes) };
        let name = format!("{method} {route}");
        attributes.push(KeyValue::new("http.route", route.to_string()));
        (name, attributes)
    };
    Some(match sent {
        Some(sent) => Span::child(SpanKind::Server, sent, describe),
        None => Span::root(SpanKind::Server, describe),
    })
}

/// Adds the outcome. Only a fault of the server is an error of its span.
pub fn end<B>(mut span: Span, response: &Result<ServiceResponse<B>, Error>) {
    let status = status_of(response);
    span.set("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set("error.type", status.as_str().to_owned());
        span.fail();
    }
}

//! One line of log and one measurement for every request, by route and not by path: no ids, no personal data.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tracing::Instrument;

use super::Gateway;

/// What is called every few seconds by machines is not worth a line.
const QUIET: [&str; 3] = ["/livez", "/readyz", "/metrics"];

pub async fn record(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let method = known_method(request.method().as_str());
    let route = gateway.routes.pattern(request.path()).unwrap_or("(unknown)").to_owned();
    let span = tracing::info_span!("request", request_id = kernel::problem::request_id());
    let answered = next.call(request).instrument(span.clone()).await;
    let status = match &answered {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let duration = started.elapsed();
    let labels = [("method", method.to_owned()), ("route", route.clone()), ("status", status.as_str().to_owned())];
    ::metrics::counter!("piecework_http_requests_total", &labels).increment(1);
    ::metrics::histogram!("piecework_http_request_duration_seconds", &labels).record(duration.as_secs_f64());
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    span.in_scope(|| {
        if QUIET.contains(&route.as_str()) {
            tracing::debug!(method, route, status, duration_ms, "answered");
        } else {
            tracing::info!(method, route, status, duration_ms, "answered");
        }
    });
    answered
}

/// Methods are free text: whoever invents one must not invent a time series with it.
fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("other")
}

//! Logs each request that is refused because of its sender (401, 403 and 429), and records in the
//! audit trail those that lack a permission or are beyond a limit.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use contracts::AuditAction;
use kernel::Problem;
use kernel::events::audit::Audit;
use kernel::http::context::RequestContext;

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// Logs and records a refusal. It never delays the response.
pub async fn record(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let method = request.method().clone();
    let pattern = route_pattern(&request);
    let response = next.call(request).await;
    let (status, error) = match &response {
        Ok(response) => (response.status(), response.response().error()),
        Err(error) => (error.as_response_error().status_code(), Some(error)),
    };
    let action = match status {
        StatusCode::UNAUTHORIZED => None,
        StatusCode::FORBIDDEN => Some(AuditAction::Refused),
        StatusCode::TOO_MANY_REQUESTS => Some(AuditAction::Throttled),
        _ => return response,
    };
    let code = error.and_then(Error::as_error::<Problem>).map_or("", Problem::code);
    let route = format!("{method} {}", pattern.as_deref().unwrap_or_default());
    let (status, context) = (status.as_u16(), RequestContext::current());
    let person_id = context.as_ref().and_then(|context| context.person_id()).map(|id| id.to_string());
    let client_address = context.and_then(|context| context.address()).map(|address| address.to_string());
    match action {
        // An access token that has expired is refused every few minutes.
        None => tracing::info!(status, code, route, person_id, client_address, "refused"),
        Some(action) => {
            tracing::warn!(status, code, route, person_id, client_address, "refused");
            let record = Audit::new(action).with("route", route).with("code", code);
            gateway.audit.record(record.at(gateway.ambient.now()));
        }
    }
    response
}

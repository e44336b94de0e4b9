//! Decides whether a request reaches its endpoint: it is within the limits of its person, and asks
//! for what the endpoint has. A refused command has no effect.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::{not_acceptable, throttle, unknown_query};
use crate::http::gateway::Gateway;

/// Refuses a request, or an event stream of which its person has too many.
pub async fn admit(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    throttle::take(&gateway, &request)?;
    not_acceptable::check(&gateway, &request)?;
    unknown_query::check(&gateway, &request)?;
    Ok(throttle::hold_slot(&gateway, next.call(request).await?)?)
}

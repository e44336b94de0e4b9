//! Checks a request before its endpoint runs: the limits of its person, the media types that it
//! accepts, and its query. A refused command has no effect.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::{not_acceptable, throttle, unknown_query};
use crate::http::gateway::Gateway;

/// Passes a request on if the checks allow it. An event stream counts until it ends.
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

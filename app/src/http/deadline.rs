//! No request is worked on for ever.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use kernel::Problem;

use super::Gateway;

/// Answers 504 at the deadline. A stream is not meant: its head is there at once, and only that is waited for.
pub async fn limit(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match tokio::time::timeout(gateway.request_timeout, next.call(request)).await {
        Ok(answered) => answered,
        Err(_) => Err(Problem::new(
            504,
            "deadline_exceeded",
            "this took too long and is no longer waited for; a change that was asked for may still happen, look before you ask again",
        )
        .into()),
    }
}

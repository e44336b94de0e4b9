//! A handler that panics is a defect of ours, and still gets its request answered.

use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt;
use kernel::Problem;

/// Left to itself, actix would close the connection without a word.
pub async fn catch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let answered = AssertUnwindSafe(async move { next.call(request).await }).catch_unwind().await;
    answered.unwrap_or_else(|_| Err(Problem::internal(&"the handler panicked").into()))
}

//! Answers a request whose handler panicked with 500.

use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt;
use kernel::Problem;
use kernel::runtime::retry::panic_message;

/// Turns a panic into a problem. Without it, actix closes the connection without a response.
pub async fn catch(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let response = AssertUnwindSafe(async move { next.call(request).await }).catch_unwind().await;
    response.unwrap_or_else(|panic| {
        let cause = format!("the handler panicked: {}", panic_message(&*panic));
        Err(Problem::internal(&cause).into())
    })
}

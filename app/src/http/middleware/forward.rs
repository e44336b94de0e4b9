//! Sends requests for remote modules to the processes that host them.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// Answers a request for a remote module with the response of its process. All other requests go
/// on.
pub async fn forward(
    gateway: web::Data<Gateway>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let Some(module) = remote_module(&gateway, &request) else {
        return next.call(request).await;
    };
    let payload = request.take_payload();
    let limit = gateway.routes.body_limit(route_pattern(&request).as_deref());
    let body = kernel::http::read(request.request(), payload, limit).await?;
    let client = kernel::http::context::client_address().and_then(|address| gateway.identity.vouch_for_client(address));
    let sent = gateway.proxy.forward(module, request.request(), body, client, gateway.shutdown.clone());
    let response = sent.await?;
    Ok(request.into_response(response))
}

fn remote_module(gateway: &Gateway, request: &ServiceRequest) -> Option<&'static str> {
    if !gateway.proxy.has_remote_modules() {
        return None;
    }
    let pattern = route_pattern(request)?;
    let module = gateway.routes.module(request.method().as_str(), &pattern, request.path())?;
    gateway.proxy.remote_module(module)
}

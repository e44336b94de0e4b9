//! Finds out the address of the client, and makes the context of the request available to all work
//! for it. The response carries the state of the limits that the work has used.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use kernel::http::context::RequestContext;

use super::headers::edit_headers;
use super::request_body::ResponseBody;
use crate::http::forwarded::client_address;
use crate::http::gateway::Gateway;
use crate::http::proxy::CLIENT_HEADER;

const RATE_LIMIT_HEADER: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY_HEADER: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Runs the rest of the request in its context.
pub async fn establish(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<ResponseBody>,
) -> Result<ServiceResponse<ResponseBody>, Error> {
    let context = Arc::new(RequestContext::of_request(address_of(&gateway, &request)));
    let response = Arc::clone(&context).scope(async move { next.call(request).await }).await;
    let limits = context.rate_limits();
    if limits.is_empty() {
        return response;
    }
    edit_headers(response, |headers| {
        let policies: Vec<String> = limits.iter().map(|limit| limit.policy.to_string()).collect();
        let states: Vec<String> = limits.iter().map(ToString::to_string).collect();
        insert(headers, RATE_LIMIT_POLICY_HEADER, &policies.join(", "));
        insert(headers, RATE_LIMIT_HEADER, &states.join(", "));
    })
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The address for which another process of the installation vouches, or the one that the
/// connection and the trusted proxies show.
fn address_of(gateway: &Gateway, request: &ServiceRequest) -> Option<IpAddr> {
    let vouched = request.headers().get(CLIENT_HEADER).and_then(|value| value.to_str().ok());
    if let Some(address) = vouched.and_then(|token| gateway.identity.vouched_client(token)) {
        return Some(address);
    }
    let peer = request.peer_addr()?.ip();
    Some(client_address(peer, request.headers(), &gateway.trusted_proxies))
}

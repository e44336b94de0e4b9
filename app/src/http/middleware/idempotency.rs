//! `Idempotency-Key`: recognises a request that repeats another one, and gives the answer again.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Problem;
use kernel::http::auth::Identified;
use kernel::http::idempotency::{KEY_HEADER, KEY_HEADER_NAME, KeyedRequest, key_of};

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// Makes the key of a request available to the module that carries out its command. If the module
/// has the answer to an earlier request, that answer is sent.
///
/// The handler has checked the permission before the module looks for an answer.
pub async fn negotiate(
    gateway: web::Data<Gateway>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let Some(keyed) = keyed_request(&gateway, &mut request).await? else {
        return next.call(request).await;
    };
    let response = Arc::clone(&keyed).scope(async move { next.call(request).await }).await?;
    match keyed.replay() {
        Some(replay) => Ok(response.into_response(replay)),
        None => Ok(response),
    }
}

/// The request as its key identifies it; none without a key, and without a caller: the handler
/// answers 401.
async fn keyed_request(gateway: &Gateway, request: &mut ServiceRequest) -> Result<Option<Arc<KeyedRequest>>, Problem> {
    if request.method() != Method::POST || !request.headers().contains_key(KEY_HEADER) {
        return Ok(None);
    }
    let pattern = route_pattern(request);
    match gateway.routes.takes_key(pattern.as_deref()) {
        Some(true) => {}
        Some(false) => return Err(Problem::malformed(KEY_HEADER_NAME, "this route takes no idempotency key")),
        None => return Ok(None),
    }
    let identified = request.extensions().get::<Identified>().cloned();
    let Some(Identified::Caller(caller)) = identified else { return Ok(None) };
    let Some(key) = key_of(request.headers())?.map(str::to_owned) else { return Ok(None) };
    let payload = request.take_payload();
    let limit = gateway.routes.body_limit(pattern.as_deref());
    let body = kernel::http::read(request.request(), payload, limit).await?;
    let (method, path) = (request.method().as_str(), request.path());
    let keyed = KeyedRequest::new(&gateway.in_flight, caller.person_id, method, path, &key, &body)?;
    request.set_payload(Payload::from(body));
    Ok(Some(keyed))
}

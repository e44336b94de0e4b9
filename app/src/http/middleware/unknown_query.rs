//! Refuses query parameters at endpoints that have none.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Problem;
use kernel::http::auth::Identified;

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// Answers 400 to a query parameter at an endpoint without query parameters. An endpoint with
/// parameters checks them itself. A caller without a valid token gets the 401 of the endpoint
/// instead.
pub async fn refuse(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let is_caller = matches!(request.extensions().get::<Identified>(), Some(Identified::Caller(_)));
    let query = request.query_string();
    let takes_no_query = || {
        route_pattern(&request)
            .is_some_and(|pattern| gateway.routes.takes_no_query(request.method().as_str(), &pattern))
    };
    if is_caller && !query.is_empty() && takes_no_query() {
        let name = query.split(['&', '=']).next().unwrap_or_default();
        let detail = "this endpoint has no query parameters";
        return Err(Problem::malformed(format!("?{name}"), detail).into());
    }
    next.call(request).await
}

//! Refuses query parameters at endpoints that have none.

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use kernel::Problem;
use kernel::http::auth::Identified;

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// `Err` is a 400 to a query parameter at an endpoint without query parameters. An endpoint with
/// parameters checks them itself. A caller without a valid token gets the 401 of the endpoint
/// instead.
pub fn check(gateway: &Gateway, request: &ServiceRequest) -> Result<(), Problem> {
    let query = request.query_string();
    let is_caller = matches!(request.extensions().get::<Identified>(), Some(Identified::Caller(_)));
    let takes_no_query = || {
        route_pattern(request).is_some_and(|pattern| gateway.routes.takes_no_query(request.method().as_str(), &pattern))
    };
    if !query.is_empty() && is_caller && takes_no_query() {
        let name = query.split(['&', '=']).next().unwrap_or_default();
        return Err(Problem::malformed(format!("?{name}"), "this endpoint has no query parameters"));
    }
    Ok(())
}

//! Refuses a request that accepts none of the media types in which its endpoint answers.

use actix_web::dev::ServiceRequest;
use kernel::Problem;
use kernel::http::accept::Accept;

use crate::http::gateway::Gateway;
use crate::http::route_pattern::route_pattern;

/// `Err` is a 406.
pub fn check(gateway: &Gateway, request: &ServiceRequest) -> Result<(), Problem> {
    let pattern = route_pattern(request);
    let media_types = gateway.routes.media_types(request.method().as_str(), pattern.as_deref().unwrap_or_default());
    let accept = Accept::of(request.headers());
    if !media_types.is_empty() && media_types.iter().all(|media_type| accept.quality(media_type) == 0) {
        let detail = format!("this endpoint answers in {}", media_types.join(" or "));
        return Err(Problem::new(406, "not_acceptable", detail));
    }
    Ok(())
}

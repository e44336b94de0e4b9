//! A query parameter that an operation does not know is an error, also where the operation knows none and reads none.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Problem;
use kernel::auth::Identified;

use super::Gateway;

/// Operations with parameters check theirs themselves. Whoever is not logged in hears of that first, from the route.
pub async fn refuse(
    gateway: web::Data<Gateway>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_caller = matches!(request.extensions().get::<Identified>(), Some(Identified::Caller(_)));
    let query = request.query_string();
    if is_caller && !query.is_empty() && gateway.routes.takes_no_query(request.method().as_str(), request.path()) {
        let name = query.split(['&', '=']).next().unwrap_or_default();
        let detail = "this address knows no query parameters";
        return Err(Problem::malformed(format!("?{name}"), detail).into());
    }
    next.call(request).await
}

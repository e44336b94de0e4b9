//! The pattern of the route that the path of a request matches.

use std::rc::Rc;

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;

/// The pattern as it was found.
#[derive(Clone)]
struct Found(Option<Rc<str>>);

/// The pattern, such as `/api/v1/tasks/{id}`; none if no route matches.
///
/// To find it, the library compares the path with one route after the other. So it is kept in the
/// extensions of the request. No middleware changes the path.
pub fn route_pattern(request: &ServiceRequest) -> Option<Rc<str>> {
    let found = request.extensions().get::<Found>().cloned();
    if let Some(Found(pattern)) = found {
        return pattern;
    }
    let pattern: Option<Rc<str>> = request.match_pattern().map(Rc::from);
    request.extensions_mut().insert(Found(pattern.clone()));
    pattern
}

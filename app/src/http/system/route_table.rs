//! The routes of the API by their pattern: the module that serves a route, its methods, and the 404
//! and 405 problems.
//!
//! actix matches a path to its pattern (`match_pattern`), also before a request is routed. This
//! table only says what the OpenAPI document knows of the pattern. An endpoint is an actix resource
//! that takes one method, and actix answers 404 if a path matches but no method does
//! (actix/actix-web#2735). The table therefore adds one resource per path, after all endpoints. It
//! answers OPTIONS with 204 and the other methods with 405, and it gives the paths of remote
//! modules, which have no endpoints in this process, their pattern. A middleware turns HEAD into
//! GET before a request is routed, so no endpoint takes HEAD.

use std::collections::BTreeMap;

use actix_web::http::{Method, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder};
use kernel::Problem;
use kernel::http::BODY_LIMIT_BYTES;
use kernel::http::idempotency::KEY_HEADER_NAME;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use crate::http::prefix::API_PREFIX;

/// A segment with this name holds the name of the module that serves the route.
const MODULE_PARAMETER: &str = "{module}";

/// The routes of all modules, by pattern. In this order a word comes before a parameter, as it does
/// in actix.
pub struct RouteTable(BTreeMap<String, Route>);

struct Route {
    /// The methods of the pattern, and of other patterns that match the same paths.
    methods: Vec<&'static str>,
    /// The methods whose endpoints have no query parameters.
    without_query: Vec<&'static str>,
    /// The media types of the successful answers of each method, if they have a body.
    media_types: BTreeMap<&'static str, Vec<String>>,
    /// Whether its POST takes an idempotency key; none without POST.
    takes_key: Option<bool>,
    /// Maximum size of a body.
    body_limit: usize,
    owner: Owner,
}

/// The module that serves a route.
enum Owner {
    /// The gateway of any process serves the route.
    Gateway,
    /// One module serves the route.
    Module(&'static str),
    /// The segment of the path at this index names the module.
    InPath(usize),
}

impl RouteTable {
    /// The routes of a document. `owners` maps the path of a module's route to the module.
    #[must_use]
    pub fn new(document: &OpenApi, owners: &BTreeMap<String, &'static str>) -> Self {
        let patterns: Vec<(&str, Vec<(&'static str, &Operation)>)> =
            document.paths.paths.iter().map(|(pattern, item)| (pattern.as_str(), operations(item))).collect();
        let route = |(pattern, operations): &(&str, Vec<(&'static str, &Operation)>)| {
            let same_paths = patterns.iter().filter(|(other, _)| matches_all_of(other, pattern));
            let mut methods: Vec<&str> =
                same_paths.flat_map(|(_, operations)| operations.iter().map(|(method, _)| *method)).collect();
            methods.sort_unstable();
            methods.dedup();
            let without_query = operations.iter().filter(|(_, operation)| !takes_query(operation));
            let without_query = without_query.map(|(method, _)| *method).collect();
            let media_types = operations.iter().map(|(method, operation)| (*method, media_types(operation))).collect();
            let post = operations.iter().find(|(method, _)| *method == "POST");
            let takes_key = post.map(|(_, operation)| takes_key(operation));
            let body_limit = operations.iter().find_map(|(_, operation)| body_limit(operation));
            let body_limit = body_limit.unwrap_or(BODY_LIMIT_BYTES);
            let in_path = || pattern.split('/').position(|segment| segment == MODULE_PARAMETER).map(Owner::InPath);
            let owner = owners.get(*pattern).map(|module| Owner::Module(module));
            let owner = owner.or_else(in_path).unwrap_or(Owner::Gateway);
            ((*pattern).to_owned(), Route { methods, without_query, media_types, takes_key, body_limit, owner })
        };
        Self(patterns.iter().map(route).collect())
    }

    /// Adds a resource to each path of the API that answers 204 to OPTIONS and 405 to all other
    /// methods. It must be called after all endpoints were added.
    pub fn add_other_methods<'a>(&self, api: &'a mut ServiceConfig) -> &'a mut ServiceConfig {
        for (pattern, route) in &self.0 {
            let path = pattern.strip_prefix(API_PREFIX).unwrap_or(pattern);
            api.service(other_methods(web::resource(path), &route.methods));
        }
        api
    }

    /// The name of the module that serves a request. None: the gateway serves it, or there is no
    /// such route. A name that comes from the path may be the name of no module.
    #[must_use]
    pub fn module<'a>(&'a self, method: &str, pattern: &str, path: &'a str) -> Option<&'a str> {
        let route = self.0.get(pattern).filter(|route| route.methods.contains(&method))?;
        match route.owner {
            Owner::Gateway => None,
            Owner::Module(module) => Some(module),
            Owner::InPath(index) => path.split('/').nth(index),
        }
    }

    /// The media types in which the endpoint of this method and pattern answers. Empty if its
    /// answer has no body.
    #[must_use]
    pub fn media_types(&self, method: &str, pattern: &str) -> &[String] {
        self.0.get(pattern).and_then(|route| route.media_types.get(method)).map_or(&[], Vec::as_slice)
    }

    /// Whether the endpoint of this method and pattern has no query parameters.
    #[must_use]
    pub fn takes_no_query(&self, method: &str, pattern: &str) -> bool {
        self.0.get(pattern).is_some_and(|route| route.without_query.contains(&method))
    }

    /// Whether the POST of this pattern takes an idempotency key. None: there is no such endpoint.
    #[must_use]
    pub fn takes_key(&self, pattern: Option<&str>) -> Option<bool> {
        self.0.get(pattern?)?.takes_key
    }

    /// Maximum size of a body that is sent to this pattern, in bytes.
    #[must_use]
    pub fn body_limit(&self, pattern: Option<&str>) -> usize {
        pattern.and_then(|pattern| self.0.get(pattern)).map_or(BODY_LIMIT_BYTES, |route| route.body_limit)
    }
}

/// Whether `pattern` matches every path that `other` matches: `/people/{id}` matches all of
/// `/people/preview`.
fn matches_all_of(pattern: &str, other: &str) -> bool {
    let segments = || pattern.split('/').zip(other.split('/'));
    pattern.split('/').count() == other.split('/').count()
        && segments().all(|(segment, other)| segment == other || segment.starts_with('{'))
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let operations = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("PUT", &item.put),
        ("DELETE", &item.delete),
        ("HEAD", &item.head),
        ("OPTIONS", &item.options),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

/// Whether the operation declares the header with an idempotency key.
fn takes_key(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => {
            matches!(parameter.parameter_in, ParameterIn::Header) && parameter.name == KEY_HEADER_NAME
        }
        RefOr::Ref(_) => false,
    })
}

/// The limit of an operation that has one of its own.
fn body_limit(operation: &Operation) -> Option<usize> {
    usize::try_from(operation.extensions.as_ref()?.get("x-body-limit-bytes")?.as_u64()?).ok()
}

fn takes_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
        // The document contains no such reference. The endpoint has to check its query itself.
        RefOr::Ref(_) => true,
    })
}

fn media_types(operation: &Operation) -> Vec<String> {
    let successful = operation.responses.responses.iter().filter(|(status, _)| status.starts_with('2'));
    let types = successful.flat_map(|(_, response)| match response {
        RefOr::T(response) => response.content.keys().cloned().collect(),
        RefOr::Ref(_) => Vec::new(),
    });
    types.collect()
}

/// A resource outside of the OpenAPI document that supports GET only.
pub fn get_only<F, Arguments>(path: &str, handler: F) -> Resource
where
    F: Handler<Arguments>,
    Arguments: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    other_methods(web::resource(path).route(web::get().to(handler)), &["GET"])
}

/// Answers OPTIONS with 204, and the methods that the resource does not take with 405. Both answers
/// have the header `Allow`.
fn other_methods(resource: Resource, methods: &[&str]) -> Resource {
    let allow = allow(methods);
    resource.default_service(web::to(move |method: Method| {
        let answer = if method == Method::OPTIONS {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow.as_str())).finish())
        } else {
            let detail = format!("this path supports {allow} only");
            Err(Problem::new(405, "method_not_allowed", detail).with_allow(allow.clone()))
        };
        std::future::ready(answer)
    }))
}

/// The value of `Allow` for a path whose endpoints take these methods.
fn allow(methods: &[&str]) -> String {
    let with_head = methods.iter().flat_map(|method| [Some(*method), (*method == "GET").then_some("HEAD")]);
    let all: Vec<&str> = with_head.flatten().chain(["OPTIONS"]).collect();
    all.join(", ")
}

/// 404: no route matches the path of the request.
#[must_use]
pub fn no_such_route() -> Problem {
    Problem::new(404, "no_such_route", format!("no route matches this path; {API_PREFIX}/docs lists all routes"))
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::dev::{ServiceRequest, ServiceResponse};
    use actix_web::http::Method;
    use actix_web::middleware::{Next, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, Error, HttpResponse};
    use utoipa::openapi::HttpMethod;
    use utoipa::openapi::path::{OperationBuilder, PathsBuilder};

    use super::*;

    fn table() -> RouteTable {
        let routes = [
            ("/api/v1/people/{id}", HttpMethod::Patch),
            ("/api/v1/people", HttpMethod::Get),
            ("/api/v1/people", HttpMethod::Post),
            ("/api/v1/people/preview", HttpMethod::Get),
            ("/api/v1/admin/modules/{module}/state", HttpMethod::Get),
        ];
        let mut paths = PathsBuilder::new();
        for (path, method) in routes {
            paths = paths.path(path, PathItem::new(method, OperationBuilder::new().build()));
        }
        let document = utoipa::openapi::OpenApiBuilder::new().paths(paths.build()).build();
        let owners = ["/api/v1/people/{id}", "/api/v1/people/preview"].map(|path| (path.to_owned(), "identity"));
        RouteTable::new(&document, &BTreeMap::from(owners))
    }

    #[test]
    fn a_request_belongs_to_the_module_whose_route_takes_its_method() {
        let (table, id, preview) = (table(), "/api/v1/people/{id}", "/api/v1/people/preview");
        assert_eq!(table.module("PATCH", id, "/api/v1/people/0198"), Some("identity"));
        assert_eq!(table.module("GET", preview, preview), Some("identity"));
        // `/people/{id}` takes this method, and the path matches it, too.
        assert_eq!(table.module("PATCH", preview, preview), Some("identity"));
        for (method, pattern) in [("GET", id), ("POST", preview), ("GET", "/api/v1/people"), ("GET", "/livez")] {
            assert_eq!(table.module(method, pattern, pattern), None, "{method} {pattern}");
        }
    }

    #[test]
    fn a_path_names_the_module_that_serves_the_request() {
        let (table, pattern) = (table(), "/api/v1/admin/modules/{module}/state");
        assert_eq!(table.module("GET", pattern, "/api/v1/admin/modules/tasks/state"), Some("tasks"));
        assert_eq!(table.module("POST", pattern, "/api/v1/admin/modules/tasks/state"), None);
    }

    /// Answers with the pattern of the request in a header.
    async fn show_pattern(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let pattern = request.match_pattern().unwrap_or_default();
        let response = next.call(request).await;
        crate::http::middleware::headers::edit_headers(response, |headers| {
            headers.insert(actix_web::http::header::SERVER, pattern.parse().unwrap());
        })
    }

    #[actix_web::test]
    async fn a_word_is_a_better_match_than_a_parameter_and_other_methods_get_all_methods() {
        let app = App::new()
            .service(web::scope(API_PREFIX).configure(|api| {
                api.route("/people/preview", web::get().to(HttpResponse::Ok));
                table().add_other_methods(api);
            }))
            .default_service(web::to(async || Err::<HttpResponse, _>(no_such_route())))
            .wrap(from_fn(show_pattern));
        let app = init_service(app).await;
        for (method, path, status, pattern, allow) in [
            (Method::GET, "/api/v1/people/preview", 200, "/api/v1/people/preview", ""),
            (Method::DELETE, "/api/v1/people/preview", 405, "/api/v1/people/preview", "GET, HEAD, PATCH, OPTIONS"),
            (Method::DELETE, "/api/v1/people/0198", 405, "/api/v1/people/{id}", "PATCH, OPTIONS"),
            (Method::OPTIONS, "/api/v1/people/0198", 204, "/api/v1/people/{id}", "PATCH, OPTIONS"),
            (Method::DELETE, "/api/v1/people", 405, "/api/v1/people", "GET, HEAD, POST, OPTIONS"),
            (Method::OPTIONS, "/api/v1/people/", 404, "", ""),
            (Method::GET, "/api/v1/people/", 404, "", ""),
            (Method::GET, "/api/v1/people/1/2", 404, "", ""),
            (Method::GET, "/api/v1", 404, "", ""),
            (Method::GET, "/x", 404, "", ""),
        ] {
            let request = TestRequest::with_uri(path).method(method.clone()).to_request();
            let response = call_service(&app, request).await;
            let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
            let found = (response.status().as_u16(), header("server"), header("allow"));
            assert_eq!(found, (status, pattern, allow), "{method} {path}");
        }
    }
}

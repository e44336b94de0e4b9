//! Every address there is with its methods: for the answer to what is unknown, and for the names of routes in the log.
//!
//! actix answers 404 to the wrong method of a known address (actix/actix-web #2735), because each method is a resource of its
//! own to it. So what no resource takes is looked up here.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, web};
use kernel::Problem;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::{API_PREFIX, Gateway};

/// What is not in the API document: all of them are read with GET.
const OWN_ROUTES: [&str; 6] = ["/", "/livez", "/readyz", "/metrics", "/.well-known/jwks.json", "/api/v1/docs/{file}"];

pub struct RouteTable(Vec<Route>);

struct Route {
    pattern: String,
    segments: Vec<Segment>,
    methods: Vec<&'static str>,
    /// Those of the methods that know no query parameter.
    without_query: Vec<&'static str>,
    /// The module it belongs to; none: the gateway's own.
    module: Option<&'static str>,
}

enum Segment {
    Literal(String),
    Parameter,
}

impl RouteTable {
    /// `owners` says which module a path of the document belongs to.
    #[must_use]
    pub fn new(document: &OpenApi, owners: &BTreeMap<String, &'static str>) -> Self {
        let mut routes: BTreeMap<String, (Vec<&'static str>, Vec<&'static str>)> = BTreeMap::new();
        for (path, item) in &document.paths.paths {
            let known = || operations(item).into_iter().filter_map(|(method, operation)| Some((method, operation?)));
            let without_query = known().filter(|(_, operation)| !takes_query(operation)).map(|(method, _)| method);
            routes.insert(path.clone(), (known().map(|(method, _)| method).collect(), without_query.collect()));
        }
        for path in OWN_ROUTES {
            routes.entry(path.to_owned()).or_default().0.push("GET");
        }
        let route = |(pattern, (methods, without_query)): (String, (Vec<_>, Vec<_>))| Route {
            segments: segments(&pattern),
            module: owners.get(&pattern).copied(),
            pattern,
            methods,
            without_query,
        };
        Self(routes.into_iter().map(route).collect())
    }

    /// The module whose route takes this method of this path.
    #[must_use]
    pub fn module(&self, method: &str, path: &str) -> Option<&'static str> {
        let parts: Vec<&str> = path.split('/').collect();
        let takes = |route: &&Route| route.matches(&parts) && route.methods.contains(&method);
        self.0.iter().filter(takes).min_by_key(Route::rank)?.module
    }

    /// The route that a path belongs to, such as `/api/v1/tasks/{id}`.
    #[must_use]
    pub fn pattern(&self, path: &str) -> Option<&str> {
        self.find(path).map(|route| route.pattern.as_str())
    }

    /// Whether this method of this path is known to read no query parameter at all.
    #[must_use]
    pub fn takes_no_query(&self, method: &str, path: &str) -> bool {
        self.find(path).is_some_and(|route| route.without_query.contains(&method))
    }

    /// The best match: a word is better than a parameter, the earlier the better.
    fn find(&self, path: &str) -> Option<&Route> {
        let parts: Vec<&str> = path.split('/').collect();
        self.0.iter().filter(|route| route.matches(&parts)).min_by_key(Route::rank)
    }

    /// The methods of every route that a path may mean: `/people/me` is a word here and an id there.
    fn methods(&self, path: &str) -> Vec<&'static str> {
        let parts: Vec<&str> = path.split('/').collect();
        let mut methods: Vec<_> = self
            .0
            .iter()
            .filter(|route| route.matches(&parts))
            .flat_map(|route| route.methods.iter().copied())
            .collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }
}

impl Route {
    /// The best is the least.
    fn rank(self: &&Self) -> Vec<bool> {
        self.segments.iter().map(|segment| matches!(segment, Segment::Parameter)).collect()
    }

    fn matches(&self, parts: &[&str]) -> bool {
        self.segments.len() == parts.len()
            && self.segments.iter().zip(parts).all(|(segment, part)| match segment {
                Segment::Literal(word) => word == part,
                Segment::Parameter => !part.is_empty(),
            })
    }
}

fn segments(pattern: &str) -> Vec<Segment> {
    let segment =
        |part: &str| if part.starts_with('{') { Segment::Parameter } else { Segment::Literal(part.to_owned()) };
    pattern.split('/').map(segment).collect()
}

fn operations(item: &PathItem) -> [(&'static str, Option<&Operation>); 7] {
    [
        ("GET", item.get.as_ref()),
        ("POST", item.post.as_ref()),
        ("PATCH", item.patch.as_ref()),
        ("PUT", item.put.as_ref()),
        ("DELETE", item.delete.as_ref()),
        ("HEAD", item.head.as_ref()),
        ("OPTIONS", item.options.as_ref()),
    ]
}

fn takes_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
        // Not written by us today; the operation is left to check its query itself.
        RefOr::Ref(_) => true,
    })
}

/// 405 with `Allow` for a known address, else 404.
pub async fn answer_unknown(gateway: web::Data<Gateway>, request: HttpRequest) -> Result<&'static str, Problem> {
    let methods = gateway.routes.methods(request.path());
    if methods.is_empty() {
        let detail = format!("there is nothing at this address; {API_PREFIX}/docs lists what there is");
        return Err(Problem::new(404, "no_such_route", detail));
    }
    let allow = methods.join(", ");
    Err(Problem::new(405, "method_not_allowed", format!("this address knows {allow} only")).with_allow(allow))
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::HttpMethod;
    use utoipa::openapi::path::{OperationBuilder, PathsBuilder};

    use super::*;

    fn table() -> RouteTable {
        let routes = [
            ("/api/v1/people", HttpMethod::Get),
            ("/api/v1/people", HttpMethod::Post),
            ("/api/v1/people/{id}", HttpMethod::Patch),
            ("/api/v1/people/preview", HttpMethod::Get),
        ];
        let mut paths = PathsBuilder::new();
        for (path, method) in routes {
            paths = paths.path(path, PathItem::new(method, OperationBuilder::new().build()));
        }
        let document = utoipa::openapi::OpenApiBuilder::new().paths(paths.build()).build();
        RouteTable::new(&document, &BTreeMap::from([("/api/v1/people/{id}".to_owned(), "identity")]))
    }

    #[test]
    fn a_route_belongs_to_the_module_that_takes_its_method() {
        assert_eq!(table().module("PATCH", "/api/v1/people/0198"), Some("identity"));
        assert_eq!(table().module("PATCH", "/api/v1/people/preview"), Some("identity"));
        for (method, path) in [("GET", "/api/v1/people/preview"), ("GET", "/api/v1/people/0198"), ("GET", "/livez")] {
            assert_eq!(table().module(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn a_word_is_a_better_match_than_a_parameter() {
        assert_eq!(table().pattern("/api/v1/people/preview"), Some("/api/v1/people/preview"));
        assert_eq!(table().pattern("/api/v1/people/0198"), Some("/api/v1/people/{id}"));
        assert_eq!(table().pattern("/livez"), Some("/livez"));
        for unknown in ["/api/v1/people/", "/api/v1/people/1/2", "/api/v1", "", "/x"] {
            assert_eq!(table().pattern(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn all_methods_that_an_address_may_have_are_named() {
        assert_eq!(table().methods("/api/v1/people"), ["GET", "POST"]);
        assert_eq!(table().methods("/api/v1/people/preview"), ["GET", "PATCH"]);
        assert_eq!(table().methods("/nowhere"), Vec::<&str>::new());
    }
}

//! Every address there is with its methods: for the answer to what is unknown, and for the names of routes in the log.
//!
//! actix answers 404 to the wrong method of a known address (actix/actix-web #2735), because each method is a resource of its
//! own to it. So what no resource takes is looked up here.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use actix_web::{HttpRequest, web};
use kernel::Problem;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

use super::{API_PREFIX, Gateway};

/// What is not in the API document: all of them are read with GET.
const OWN_ROUTES: [&str; 6] = ["/", "/livez", "/readyz", "/metrics", "/.well-known/jwks.json", "/api/v1/docs/{file}"];

/// A tree of segments: each request is looked up in it.
#[derive(Default)]
pub struct RouteTable {
    words: HashMap<String, Self>,
    parameter: Option<Box<Self>>,
    /// The route that ends here.
    route: Option<Route>,
}

#[derive(Default)]
struct Route {
    pattern: String,
    methods: Vec<&'static str>,
    /// Those of the methods that know no query parameter.
    without_query: Vec<&'static str>,
    /// The module it belongs to; none: the gateway's own.
    module: Option<&'static str>,
}

impl RouteTable {
    /// `owners` says which module a path of the document belongs to.
    #[must_use]
    pub fn new(document: &OpenApi, owners: &BTreeMap<String, &'static str>) -> Self {
        let mut table = Self::default();
        for (path, item) in &document.paths.paths {
            let known = || operations(item).into_iter().filter_map(|(method, operation)| Some((method, operation?)));
            let without_query = known().filter(|(_, operation)| !takes_query(operation)).map(|(method, _)| method);
            let route = table.route_at(path);
            route.without_query.extend(without_query);
            route.methods.extend(known().map(|(method, _)| method));
            route.module = owners.get(path).copied();
        }
        for path in OWN_ROUTES {
            table.route_at(path).methods.push("GET");
        }
        table
    }

    /// The route with this pattern, which there is from now on.
    fn route_at(&mut self, pattern: &str) -> &mut Route {
        let end = pattern.split('/').fold(self, |table, segment| {
            if segment.starts_with('{') {
                table.parameter.get_or_insert_default()
            } else {
                table.words.entry(segment.to_owned()).or_default()
            }
        });
        end.route.get_or_insert_with(|| Route { pattern: pattern.to_owned(), ..Route::default() })
    }

    /// The module whose route takes this method of this path.
    #[must_use]
    pub fn module(&self, method: &str, path: &str) -> Option<&'static str> {
        self.find(path, |route| route.methods.contains(&method))?.module
    }

    /// The route that a path belongs to, such as `/api/v1/tasks/{id}`.
    #[must_use]
    pub fn pattern(&self, path: &str) -> Option<&str> {
        self.find(path, |_| true).map(|route| route.pattern.as_str())
    }

    /// Whether this method of this path is known to read no query parameter at all.
    #[must_use]
    pub fn takes_no_query(&self, method: &str, path: &str) -> bool {
        self.find(path, |_| true).is_some_and(|route| route.without_query.contains(&method))
    }

    /// The best route of those that fit.
    fn find(&self, path: &str, fits: impl Fn(&Route) -> bool) -> Option<&Route> {
        let mut best = None;
        let _ended_early = self.walk(Some(path), &mut |route| {
            best = fits(route).then_some(route);
            if best.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        best
    }

    /// The methods of every route that a path may mean: `/people/me` is a word here and an id there.
    fn methods(&self, path: &str) -> Vec<&'static str> {
        let mut methods = Vec::new();
        let _to_the_end = self.walk(Some(path), &mut |route| {
            methods.extend_from_slice(&route.methods);
            ControlFlow::Continue(())
        });
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Shows `look` the routes that the rest of a path may mean, until it has seen enough. The best is the first: a word is better than
    /// a parameter, the earlier the better.
    fn walk<'a>(&'a self, rest: Option<&str>, look: &mut dyn FnMut(&'a Route) -> ControlFlow<()>) -> ControlFlow<()> {
        let Some(rest) = rest else { return self.route.as_ref().map_or(ControlFlow::Continue(()), look) };
        let (segment, rest) = rest.split_once('/').map_or((rest, None), |(segment, rest)| (segment, Some(rest)));
        if let Some(table) = self.words.get(segment) {
            table.walk(rest, look)?;
        }
        match &self.parameter {
            Some(table) if !segment.is_empty() => table.walk(rest, look),
            _ => ControlFlow::Continue(()),
        }
    }
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

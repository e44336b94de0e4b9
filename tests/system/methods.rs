//! Every path with every method, and paths without a route.

use std::collections::{BTreeMap, BTreeSet};

use harness::{Answer, Company, PREFIX, send};
use reqwest::Method;

use crate::permissions::operations;

/// The methods that are tried on each path.
const METHODS: [Method; 8] = [
    Method::GET,
    Method::POST,
    Method::PATCH,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
];

/// Whether a pattern matches the path.
fn is_path_of(path: &str, pattern: &str) -> bool {
    let segments = || path.split('/').zip(pattern.split('/'));
    path.split('/').count() == pattern.split('/').count()
        && segments().all(|(segment, pattern)| segment == pattern || pattern.starts_with('{'))
}

/// The paths of the server with the methods of their endpoints.
async fn paths(company: &Company) -> BTreeMap<String, BTreeSet<String>> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let operations = operations(&company.system.api).await;
    for operation in &operations {
        let path = operation.path_of_unknown();
        // `/tasks/batch` is a path of `/tasks/{id}` too.
        let same = operations.iter().filter(|other| is_path_of(&path, &other.path));
        let methods = same.map(|other| other.method.to_string());
        paths.entry(format!("{PREFIX}{path}")).or_default().extend(methods);
    }
    for path in ["/", "/livez", "/readyz", "/metrics", "/.well-known/jwks.json", "/api/v1/docs/swagger-ui.css"] {
        paths.entry(path.to_owned()).or_default().insert("GET".to_owned());
    }
    assert!(paths.len() > 30, "the API document has the paths");
    paths
}

#[tokio::test]
async fn a_known_path_answers_another_method_with_405_and_options_with_204_and_both_with_its_methods() {
    let company = Company::new().await;
    for (path, known) in &paths(&company).await {
        let mut expected = known.clone();
        expected.insert("OPTIONS".to_owned());
        if known.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        for method in METHODS {
            if known.contains(method.as_str()) || (method == Method::HEAD && known.contains("GET")) {
                continue;
            }
            let status = if method == Method::OPTIONS { 204 } else { 405 };
            // The answer is the same with and without a token.
            for api in [&company.system.api, &company.admin.api] {
                let answer = send(api.request_outside(method.clone(), path)).await;
                assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
                let allow = answer.header("allow").unwrap_or_default();
                let allowed: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
                assert_eq!(allowed, expected, "{method} {path}");
            }
        }
    }
    company.finish().await;
}

fn without_nonce(policy: &str) -> String {
    let words = policy.split(' ').map(|word| if word.starts_with("'nonce-") { "'nonce'" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn head_answers_as_get_without_the_body_on_every_path() {
    let company = Company::new().await;
    for (path, _) in paths(&company).await.iter().filter(|(_, known)| known.contains("GET")) {
        for api in [&company.system.api, &company.admin.api] {
            let get = send(api.request_outside(Method::GET, path)).await;
            let head = send(api.request_outside(Method::HEAD, path)).await;
            assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
            for name in ["content-type", "cache-control", "location", "www-authenticate"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {path}");
            }
            // The policy of the page has a nonce of its own in each answer.
            let policy = |answer: &Answer| answer.header("content-security-policy").map(without_nonce);
            assert_eq!(policy(&head), policy(&get), "{path}");
            // The metrics change with each request, and a stream has no length.
            if path != "/metrics" && get.header("content-type") != Some("text/event-stream") {
                assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
                assert_eq!(get.header("content-length"), Some(get.text.len().to_string().as_str()), "{path}");
            }
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn a_path_without_a_route_is_a_404_for_every_method() {
    let company = Company::new().await;
    let paths = [
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/tasks/",
        "/api/v1//tasks",
        "/api/v1/tasks/x/y/z",
        "/api/v1/TASKS",
        "/api/v2/tasks",
        "/API/v1/tasks",
        "/admin",
        "/index.php",
        "/.env",
        "/api/v1/docs/../../../etc/passwd",
        "/api/v1/docs/%2e%2e%2fCargo.toml",
        "/%00",
        "/%ff%fe",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = send(company.admin.api.request_outside(method.clone(), path)).await;
            // Below this path, the rest is taken as the name of a file.
            if path.contains("/docs/%2e") {
                assert!(matches!(answer.status, 204 | 404 | 405), "{method} {path}: {answer:?}");
            } else {
                answer.expect_problem(404, "no_such_route");
            }
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn an_unknown_module_is_a_404_and_a_module_without_subscriptions_has_no_parked_events() {
    let company = Company::new().await;
    let (admin, id) = (&company.admin.api, uuid::Uuid::nil());
    for path in ["/admin/modules/flying", "/admin/modules/flying/parked-events", "/admin/modules/Tasks"] {
        admin.get(path).await.expect_problem(404, "not_found");
    }
    for module in ["flying", "analytics", "accounting"] {
        let path = format!("/admin/modules/{module}/parked-events/{id}/retry");
        admin.post_nothing(&path).await.expect_problem(404, "not_found");
    }
    let names = ["identity", "tasks", "accounting", "email", "analytics", "live"];
    let listed = admin.read("/admin/modules").await;
    for (number, name) in names.into_iter().enumerate() {
        let expected = serde_json::json!({ "name": name, "hosted": true, "url": null });
        assert_eq!(listed["items"][number], expected);
        assert_eq!(admin.read(&format!("/admin/modules/{name}")).await["name"], name);
        assert_eq!(admin.read_all(&format!("/admin/modules/{name}/parked-events"), 1).await.len(), 0);
    }
    company.finish().await;
}

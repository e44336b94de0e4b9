//! Every path with every method, and paths that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;

use crate::api::send;
use crate::permissions::operations;
use crate::support::Company;

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

#[tokio::test]
async fn a_known_path_with_another_method_is_told_which_ones_it_has() {
    let company = Company::new().await;
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for operation in operations(&company.world.api).await {
        let path = format!("{}{}", crate::api::PREFIX, operation.path_to_nothing());
        paths.entry(path).or_default().insert(operation.method.to_string());
    }
    for path in ["/", "/livez", "/readyz", "/metrics", "/.well-known/jwks.json"] {
        paths.entry(path.to_owned()).or_default().insert("GET".to_owned());
    }
    for (path, known) in &paths {
        for method in METHODS {
            if known.contains(method.as_str()) {
                continue;
            }
            // With and without a token: a wrong method is wrong for everybody.
            for api in [&company.world.api, &company.admin.api] {
                let answer = send(api.request_outside(method.clone(), path)).await;
                assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
                let allow = answer.header("allow").unwrap_or_default();
                let allowed: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
                assert_eq!(&allowed, known, "{method} {path}");
            }
        }
    }
    assert!(paths.len() > 30, "the document names the paths");
    company.finish().await;
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_a_404_that_says_so_whatever_the_method() {
    let company = Company::new().await;
    let nowhere = [
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
    for path in nowhere {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = send(company.admin.api.request_outside(method.clone(), path)).await;
            // What stands where a file's name may be is looked for there.
            if path.contains("/docs/%2e") {
                assert!(matches!(answer.status, 404 | 405), "{method} {path}: {answer:?}");
            } else {
                answer.expect_problem(404, "no_such_route");
            }
        }
    }
    company.finish().await;
}

//! Personal API tokens over HTTP: every route with every scope, and tokens in each other's place.

use std::collections::BTreeSet;

use contracts::Scopes;
use harness::{Answer, Api, Company, PASSWORD, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::permissions::{Operation, operations};

/// The routes that an API token never opens, because they change what people log in with.
const SESSION_ONLY: [(&str, &str); 8] = [
    ("DELETE", "/me/tokens/{id}"),
    ("DELETE", "/people/{id}/sessions"),
    ("DELETE", "/people/{id}/tokens/{token_id}"),
    ("DELETE", "/sessions/{id}"),
    ("POST", "/auth/logout"),
    ("POST", "/me/password"),
    ("POST", "/me/tokens"),
    ("POST", "/people/{id}/set-password-links"),
];

async fn create_token(api: &Api, scopes: &[&str]) -> Value {
    let new = json!({ "name": "Script", "scopes": scopes, "expires_at": "2026-12-01T00:00:00Z" });
    let answer = api.post("/me/tokens", &new).await.expect_status(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "no cache may store the token");
    answer.json
}

/// A client that uses a new token of this person.
async fn with_scopes(api: &Api, scopes: &[&str]) -> Api {
    api.with_token(create_token(api, scopes).await["token"].as_str().unwrap())
}

/// Sends the operation's request for a resource that does not exist.
async fn call(api: &Api, operation: &Operation) -> Answer {
    let request = api.request(operation.method.clone(), &operation.path_of_unknown());
    let takes_body = operation.details.get("requestBody").is_some();
    send(if takes_body { request.json(&json!({})) } else { request }).await
}

#[tokio::test]
async fn every_route_answers_every_scope_according_to_its_permission_and_method() {
    let company = Company::new().await;
    let operations = operations(&company.system.api).await;
    let guarded: Vec<&Operation> = operations.iter().filter(|operation| operation.permission().is_some()).collect();
    let mut session_only = BTreeSet::new();
    for scope in Scopes::all_names() {
        let api = with_scopes(&company.admin.api, &[scope]).await;
        for operation in &guarded {
            let is_read = operation.method == Method::GET;
            let allowed = match scope {
                "write" => true,
                "read" => is_read,
                name => Some(name) == operation.permission(),
            };
            let answer = call(&api, operation).await;
            let what = format!("{} {} with {scope}: {answer:?}", operation.method, operation.path);
            match answer.code() {
                "insufficient_scope" => assert!(!allowed && answer.status == 403, "{what}"),
                "session_required" => {
                    assert!(allowed && answer.status == 403, "{what}");
                    session_only.insert((operation.method.to_string(), operation.path.clone()));
                }
                _ => assert!(allowed && !matches!(answer.status, 401 | 403), "{what}"),
            }
        }
    }
    let expected = SESSION_ONLY.map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(session_only, BTreeSet::from(expected));
    company.finish().await;
}

#[tokio::test]
async fn a_token_never_has_more_than_the_role_of_its_person() {
    let company = Company::new().await;
    let worker = with_scopes(&company.worker.api, &["write"]).await;
    worker.get("/me").await.expect_status(200);
    worker.post("/tasks", &json!({ "title": "By a script" })).await.expect_status(201);
    worker.get("/earnings").await.expect_problem(403, "forbidden");
    let new = json!({ "name": "x", "scopes": ["read", "see_books"], "expires_at": "2026-12-01T00:00:00Z" });
    let refused = company.worker.api.post("/me/tokens", &new).await.expect_problem(422, "invalid_request");
    assert_eq!(refused.json["errors"][0]["pointer"], "/scopes/1");

    let manager = with_scopes(&company.manager.api, &["reassign_tasks"]).await;
    manager.get("/reassignments").await.expect_status(200);
    let path = format!("/people/{}", company.manager.id);
    company.admin.api.patch(&path, &json!({ "role": "worker" })).await.expect_status(200);
    manager.get("/reassignments").await.expect_problem(403, "forbidden");
    company.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    manager.get("/reassignments").await.expect_problem(401, "identity.token_revoked");
    company.finish().await;
}

#[tokio::test]
async fn tokens_are_listed_and_revoked_by_their_owner_and_by_an_admin() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let (first, second) = (create_token(worker, &["read"]).await, create_token(worker, &["use_tasks", "write"]).await);
    let listed = worker.read_all("/me/tokens", 1).await;
    let ids: Vec<&Value> = listed.iter().map(|token| &token["id"]).collect();
    assert_eq!(ids, [&first["id"], &second["id"]]);
    assert_eq!(listed[1]["scopes"], json!(["write", "use_tasks"]));
    let secrets = [&first["token"], &second["token"]].map(|token| token.as_str().unwrap());
    let shown = json!(listed).to_string();
    assert!(secrets.iter().all(|secret| secret.starts_with("pwk_") && !shown.contains(secret)), "{shown}");

    let by_admin = format!("/people/{}/tokens", company.worker.id);
    company.manager.api.get(&by_admin).await.expect_problem(403, "forbidden");
    assert_eq!(company.admin.api.read_all(&by_admin, 200).await, listed);
    let own = format!("/me/tokens/{}", first["id"].as_str().unwrap());
    company.manager.api.delete(&own).await.expect_problem(404, "not_found");
    worker.delete(&own).await.expect_status(204);
    worker.delete(&own).await.expect_problem(404, "not_found");
    worker.with_token(secrets[0]).get("/me").await.expect_problem(401, "identity.token_revoked");
    worker.with_token(secrets[1]).get("/me").await.expect_status(200);
    let path = format!("{by_admin}/{}", second["id"].as_str().unwrap());
    company.admin.api.delete(&path).await.expect_status(204);
    worker.with_token(secrets[1]).get("/me").await.expect_problem(401, "identity.token_revoked");
    assert_eq!(worker.read("/me/tokens").await["items"], json!([]));
    company.finish().await;
}

#[tokio::test]
async fn the_field_of_an_invalid_new_token_is_named() {
    let company = Company::new().await;
    for (field, value, pointer) in [
        ("name", json!(" "), "/name"),
        ("name", json!("x".repeat(101)), "/name"),
        ("scopes", json!([]), "/scopes"),
        ("scopes", json!(["everything"]), "/scopes/0"),
        ("expires_at", json!("2026-11-02T08:00:00Z"), "/expires_at"),
        ("expires_at", json!("2029-01-01T00:00:00Z"), "/expires_at"),
    ] {
        let mut new = json!({ "name": "x", "scopes": ["read"], "expires_at": "2026-12-01T00:00:00Z" });
        new[field] = value;
        let refused = company.worker.api.post("/me/tokens", &new).await.expect_problem(422, "invalid_request");
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{new}");
    }
    let without_expiry = json!({ "name": "x", "scopes": ["read"] });
    company.worker.api.post("/me/tokens", &without_expiry).await.expect_problem(400, "malformed_request");
    company.finish().await;
}

#[tokio::test]
async fn a_token_of_one_kind_is_refused_in_the_place_of_another() {
    let company = Company::new().await;
    let anonymous = &company.system.api;
    let login = json!({ "email": company.worker.email, "password": PASSWORD });
    let session = anonymous.post("/auth/login", &login).await.expect_status(200).json;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let access = text(&session["access_token"]);
    let refresh = text(&session["refresh_token"]);
    let api_token = text(&create_token(&company.worker.api, &["write"]).await["token"]);
    let links = format!("/people/{}/set-password-links", company.worker.id);
    let link = company.admin.api.post_nothing(&links).await.expect_status(201);
    assert_eq!(link.header("cache-control"), Some("no-store"), "no cache may store the token");
    let link = text(&link.json["set_password_token"]);
    for (kind, token) in [("refresh", &refresh), ("link", &link)] {
        for operation in operations(anonymous).await.iter().filter(|operation| operation.permission().is_some()) {
            let answer = call(&anonymous.with_token(token), operation).await;
            assert_eq!((answer.status, answer.code()), (401, "identity.token_invalid"), "{kind}: {answer:?}");
        }
    }
    for token in [&access, &api_token, &link] {
        let refused = anonymous.post("/auth/refresh", &json!({ "refresh_token": token })).await;
        refused.expect_problem(401, "identity.refresh_invalid");
    }
    for token in [&access, &api_token, &refresh] {
        let refused =
            anonymous.post("/auth/set-password", &json!({ "token": token, "password": "a new password" })).await;
        refused.expect_problem(404, "identity.link_unknown");
    }
    company.worker.api.get("/me").await.expect_status(200);
    company.finish().await;
}

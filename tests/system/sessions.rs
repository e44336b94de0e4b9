//! Sessions over HTTP: rotation and reuse of refresh tokens, logout, expiry.

use harness::{Company, PASSWORD, send};
use reqwest::Method;
use serde_json::{Value, json};

/// The body that refreshes a session.
fn refresh(tokens: &Value) -> Value {
    json!({ "refresh_token": tokens["refresh_token"] })
}

/// The tokens of a new session of the worker.
async fn login(company: &Company) -> Value {
    let body = json!({ "email": company.worker.email, "password": PASSWORD });
    let answer = company.system.api.post("/auth/login", &body).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "no cache may store the tokens");
    assert_eq!((&answer.json["token_type"], &answer.json["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    answer.json
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_its_later_reuse_ends_the_session() {
    let company = Company::new().await;
    let anonymous = &company.system.api;
    let first = login(&company).await;
    let second = anonymous.post("/auth/refresh", &refresh(&first)).await.expect_status(200).json;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let mine = anonymous.with_token(second["access_token"].as_str().unwrap());
    assert_eq!(mine.read("/me").await["id"], *company.worker.id);
    // A second tab refreshes a moment later.
    company.system.ambient.advance(chrono::Duration::seconds(29));
    let tab = anonymous.post("/auth/refresh", &refresh(&first)).await.expect_status(200).json;
    assert_eq!(tab["refresh_token"], second["refresh_token"]);
    company.system.ambient.advance(chrono::Duration::seconds(1));

    anonymous.post("/auth/refresh", &refresh(&first)).await.expect_problem(401, "identity.refresh_reused");
    mine.get("/me").await.expect_problem(401, "identity.token_revoked");
    anonymous.post("/auth/refresh", &refresh(&second)).await.expect_problem(401, "identity.refresh_invalid");
    // Another session of the same person continues.
    company.worker.api.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sessions_only() {
    let company = Company::new().await;
    // Of two sessions of the same millisecond, neither is the newer one.
    company.system.ambient.advance(chrono::Duration::seconds(1));
    let second = login(&company).await;
    let (worker, manager) = (&company.worker.api, &company.manager.api);
    let list = worker.read_all("/sessions", 1).await;
    assert_eq!(list.len(), 2);
    let flags: Vec<&Value> = list.iter().map(|session| &session["current"]).collect();
    assert_eq!(flags, [&json!(false), &json!(true)], "the newest first");
    assert!(list[0]["created_at"].as_str() >= list[1]["created_at"].as_str());
    assert_eq!((&list[0]["carrier"], &list[0]["login_method"]), (&json!("bearer"), &json!("password")));
    assert!(
        list.iter().all(|session| session["expires_at"].as_str().unwrap().starts_with("2026-11-16T09:00:0")),
        "{list:?}"
    );
    let path = format!("/sessions/{}", list[0]["id"].as_str().unwrap());
    send(manager.request(Method::DELETE, &path)).await.expect_problem(404, "not_found");
    send(company.admin.api.request(Method::DELETE, &path)).await.expect_problem(404, "not_found");
    send(worker.request(Method::DELETE, &path)).await.expect_status(204);
    send(worker.request(Method::DELETE, &path)).await.expect_problem(404, "not_found");
    let ended = company.system.api.with_token(second["access_token"].as_str().unwrap());
    ended.get("/me").await.expect_problem(401, "identity.token_revoked");
    assert_eq!(worker.read_all("/sessions", 200).await.len(), 1);

    let all = format!("/people/{}/sessions", company.worker.id);
    send(manager.request(Method::DELETE, &all)).await.expect_problem(403, "forbidden");
    send(company.admin.api.request(Method::DELETE, &all)).await.expect_status(204);
    worker.get("/me").await.expect_problem(401, "identity.token_revoked");
    company.finish().await;
}

#[tokio::test]
async fn a_logout_ends_its_session_and_no_other() {
    let company = Company::new().await;
    let tokens = login(&company).await;
    let mine = company.system.api.with_token(tokens["access_token"].as_str().unwrap());
    let gone = mine.post_nothing("/auth/logout").await.expect_status(204);
    assert_eq!(gone.text, "");
    mine.get("/me").await.expect_problem(401, "identity.token_revoked");
    let refused = company.system.api.post("/auth/refresh", &refresh(&tokens)).await;
    refused.expect_problem(401, "identity.refresh_invalid");
    company.worker.api.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn an_access_token_expires_and_the_refresh_token_stays_valid() {
    let company = Company::new().await;
    let tokens = login(&company).await;
    company.system.move_to("2026-11-03T09:00:10Z").await;
    company.worker.api.get("/me").await.expect_problem(401, "identity.token_expired");
    let renewed = company.system.api.post("/auth/refresh", &refresh(&tokens)).await.expect_status(200).json;
    let mine = company.system.api.with_token(renewed["access_token"].as_str().unwrap());
    mine.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn the_public_keys_that_verify_tokens_are_published() {
    let company = Company::new().await;
    let request = company.system.api.request_outside(Method::GET, "/.well-known/jwks.json");
    let keys = send(request).await.expect_status(200).json;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key["kid"].is_string() && key.get("d").is_none(), "the key set contains public keys only: {key}");
    company.finish().await;
}

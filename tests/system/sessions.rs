//! Sessions over HTTP: rotation, reuse, logout, expiry.

use serde_json::{Value, json};

use crate::support::{Company, PASSWORD};

fn refresh(tokens: &Value) -> Value {
    json!({ "refresh_token": tokens["refresh_token"] })
}

async fn log_in(company: &Company) -> Value {
    let body = json!({ "email": company.worker.email, "password": PASSWORD });
    let answer = company.world.api.post("/auth/login", &body).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "no cache may keep it");
    assert_eq!((&answer.json["token_type"], &answer.json["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    answer.json
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let company = Company::new().await;
    let anybody = &company.world.api;
    let first = log_in(&company).await;
    let second = anybody.post("/auth/refresh", &refresh(&first)).await.expect_status(200).json;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let mine = anybody.with_token(second["access_token"].as_str().unwrap());
    assert_eq!(mine.read("/me").await["id"], *company.worker.id);

    anybody.post("/auth/refresh", &refresh(&first)).await.expect_problem(401, "identity.refresh_reused");
    mine.get("/me").await.expect_problem(401, "identity.token_revoked");
    anybody.post("/auth/refresh", &refresh(&second)).await.expect_problem(401, "identity.refresh_invalid");
    // Another session of the same person goes on.
    company.worker.api.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn a_logout_ends_its_session_and_no_other() {
    let company = Company::new().await;
    let tokens = log_in(&company).await;
    let mine = company.world.api.with_token(tokens["access_token"].as_str().unwrap());
    let gone = mine.post_nothing("/auth/logout").await.expect_status(204);
    assert_eq!(gone.text, "");
    mine.get("/me").await.expect_problem(401, "identity.token_revoked");
    let refused = company.world.api.post("/auth/refresh", &refresh(&tokens)).await;
    refused.expect_problem(401, "identity.refresh_invalid");
    company.worker.api.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn an_access_token_ends_with_its_time_and_a_refresh_token_goes_on() {
    let company = Company::new().await;
    let tokens = log_in(&company).await;
    company.world.move_to("2026-11-03T09:00:10Z").await;
    company.worker.api.get("/me").await.expect_problem(401, "identity.token_expired");
    let renewed = company.world.api.post("/auth/refresh", &refresh(&tokens)).await.expect_status(200).json;
    let mine = company.world.api.with_token(renewed["access_token"].as_str().unwrap());
    mine.get("/me").await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn the_public_keys_are_there_for_who_checks_our_tokens() {
    let company = Company::new().await;
    let request = company.world.api.request_outside(reqwest::Method::GET, "/.well-known/jwks.json");
    let keys = crate::api::send(request).await.expect_status(200).json;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(key["kid"].is_string() && key.get("d").is_none(), "public, and only that: {key}");
    company.finish().await;
}

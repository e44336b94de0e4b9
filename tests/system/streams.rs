//! Event streams end with the credential of their caller.

use std::time::Duration;

use futures_util::StreamExt;
use harness::{Api, Company, System, TestApp, eventually, send};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

/// How long a stream may take to end on a slow machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// The path of the stream of a run that stays blocked, because the pool is empty.
async fn blocked_run(company: &Company<TestApp>) -> String {
    company.admin.api.post("/tasks", &json!({ "title": "Blocked" })).await.expect_status(201);
    for person in [&company.worker, &company.accountant] {
        let path = format!("/people/{}", person.id);
        company.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    }
    let run = eventually("a run is blocked", async || {
        let runs = company.admin.api.read_all("/reassignments", 200).await;
        runs.into_iter().find(|run| run["status"] == "blocked")
    })
    .await;
    format!("/reassignments/{}/events", run["id"].as_str().unwrap())
}

/// Opens a stream, and reads it to its end in the background.
async fn open(api: &Api, path: &str) -> JoinHandle<()> {
    let response = api.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut chunks = response.bytes_stream();
    let first = chunks.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: progress\n"), "{first:?}");
    tokio::spawn(async move {
        while let Some(chunk) = chunks.next().await {
            chunk.unwrap();
        }
    })
}

async fn ends(stream: JoinHandle<()>) {
    tokio::time::timeout(DEADLINE, stream).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_ends_when_its_session_ends_and_others_go_on() {
    let company = Company::new().await;
    let path = blocked_run(&company).await;
    let manager = &company.manager;
    let same_person = company.system.log_in_again(manager).await;
    let logged_out = open(&manager.api, &path).await;
    let other = open(&same_person.api, &path).await;
    manager.api.post_nothing("/auth/logout").await.expect_status(204);
    ends(logged_out).await;
    assert!(!other.is_finished(), "the stream of another session goes on");
    // The admin changes the role of the person, which refuses all their tokens.
    let path = format!("/people/{}", manager.id);
    company.admin.api.patch(&path, &json!({ "role": "admin" })).await.expect_status(200);
    ends(other).await;
    company.finish().await;
}

#[tokio::test]
async fn a_stream_ends_when_an_admin_ends_the_sessions_of_its_person() {
    let company = Company::new().await;
    let path = blocked_run(&company).await;
    let stream = open(&company.manager.api, &path).await;
    let sessions = format!("/people/{}/sessions", company.manager.id);
    send(company.admin.api.request(Method::DELETE, &sessions)).await.expect_status(204);
    ends(stream).await;
    company.manager.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    company.finish().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let company = Company::new().await;
    let path = blocked_run(&company).await;
    let stream = open(&company.manager.api, &path).await;
    assert!(!stream.is_finished());
    company.system.move_to("2026-11-03T09:01:00Z").await;
    ends(stream).await;
    company.finish().await;
}

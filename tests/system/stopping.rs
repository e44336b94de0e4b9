//! The stop of the application: open streams end, and no answered command is lost.

use contracts::Role;
use futures_util::StreamExt;
use harness::{Company, System, TestApp, eventually};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn twenty_open_streams_do_not_delay_a_stop_and_end_without_an_error() {
    let app = TestApp::new().await;
    let admin = app.first_admin().await;
    let worker = app.hire(&admin, Role::Worker, "Wim").await;
    admin.api.post("/tasks", &json!({ "title": "Blocked" })).await.expect_status(201);
    // The pool is empty, so the run stays blocked and its streams do not end by themselves.
    admin.api.patch(&format!("/people/{}", worker.id), &json!({ "active": false })).await.expect_status(200);
    let run = eventually("the run is blocked", async || {
        let runs = admin.api.read_all("/reassignments", 200).await;
        runs.into_iter().find(|run| run["status"] == "blocked")
    })
    .await;
    app.check().await;

    let path = format!("/reassignments/{}/events", run["id"].as_str().unwrap());
    let mut streams = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let response = admin.api.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut chunks = response.bytes_stream();
        let first = chunks.next().await.unwrap().unwrap();
        assert!(first.starts_with(b"event: progress\n"), "{first:?}");
        streams.spawn(async move {
            while let Some(chunk) = chunks.next().await {
                chunk.expect("the stream ends without an error");
            }
        });
    }
    assert_eq!(streams.len(), 20);
    assert!(streams.try_join_next().is_none(), "a stream ended before the stop");
    let TestApp { application, environment, .. } = app;
    let stopping = tokio::spawn(application.stop());
    eventually("the application has stopped", async || stopping.is_finished().then_some(())).await;
    stopping.await.unwrap();
    streams.join_all().await;
    drop(environment);
}

#[tokio::test]
async fn a_command_answered_before_a_stop_is_finished_after_the_next_start() {
    let company = Company::new().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        let body = json!({ "title": format!("Task {number}") });
        ids.push(company.manager.api.post("/tasks", &body).await.expect_status(201).id());
    }
    let accepted = company.manager.api.post_nothing("/reassignments").await.expect_status(202).id();
    // The application stops while events and the run are in progress.
    let Company { system: app, manager, .. } = company;
    let TestApp { application, environment, .. } = app;
    application.stop().await;

    let app = environment.start("2026-11-02T09:30:00Z").await;
    let manager = app.log_in_again(&manager).await;
    app.finish_runs(&manager).await;
    for id in ids {
        let task = manager.api.read(&format!("/tasks/{id}")).await;
        assert_eq!(task["assignments"], 2);
        assert!(task["price"].is_object(), "{task}");
    }
    assert_eq!(manager.api.read(&format!("/reassignments/{accepted}")).await["done"], 10);
    app.stop().await;
}

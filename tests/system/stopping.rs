//! A stop in good order: open streams end, and nothing that was answered is lost.

use contracts::Role;
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;

use crate::support::{Company, Stage, World};

#[tokio::test]
async fn twenty_open_streams_hold_up_no_stop_and_end_cleanly() {
    let world = World::new().await;
    let admin = world.first_admin().await;
    let worker = world.hire(&admin, Role::Worker, "Wim").await;
    admin.api.post("/tasks", &json!({ "title": "Left behind" })).await.expect_status(201);
    // With nobody left to draw, the run waits: its streams have no end of their own.
    admin.api.patch(&format!("/people/{}", worker.id), &json!({ "active": false })).await.expect_status(200);
    let run = harness::eventually("the run is blocked", async || {
        let runs = admin.api.read_all("/reassignments", 200).await;
        runs.into_iter().find(|run| run["status"] == "blocked")
    })
    .await;
    world.check().await;

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
                chunk.expect("the stream ends and does not break off");
            }
        });
    }
    assert_eq!(streams.len(), 20);
    assert!(streams.try_join_next().is_none(), "a stream ended before the stop");
    let World { application, ground, .. } = world;
    let stopping = tokio::spawn(application.stop());
    harness::eventually("the system has stopped", async || stopping.is_finished().then_some(())).await;
    stopping.await.unwrap();
    streams.join_all().await;
    drop(ground);
}

#[tokio::test]
async fn what_was_answered_before_a_stop_is_there_after_the_next_start() {
    let company = Company::new().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        let body = json!({ "title": format!("Task {number}") });
        ids.push(company.manager.api.post("/tasks", &body).await.expect_status(201).id());
    }
    let accepted = company.manager.api.post_nothing("/reassignments").await.expect_status(202).id();
    // At once: events and the run are still under way.
    let Company { world, manager, .. } = company;
    let World { application, ground, .. } = world;
    application.stop().await;

    let world = ground.start("2026-11-02T09:30:00Z").await;
    let manager = world.again(&manager).await;
    world.finish_runs(&manager).await;
    for id in ids {
        let task = manager.api.read(&format!("/tasks/{id}")).await;
        assert_eq!(task["assignments"], 2);
        assert!(task["price"].is_object(), "{task}");
    }
    assert_eq!(manager.api.read(&format!("/reassignments/{accepted}")).await["done"], 10);
    world.stop().await;
}

//! What commands say of where they wrote, and what clients may say of it.

use reqwest::Method;

use crate::api::send;
use crate::support::{Ground, World, create, position, read_after};

#[tokio::test]
async fn a_commands_answer_carries_on_what_the_client_has_seen() {
    let world = World::new().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    let first = position(&create(&admin, "One").await.expect_status(201));
    assert!(first.starts_with("tracker="), "{first}");
    // Only the last answer has to be kept.
    let known = format!("accounting=0/1,{first}");
    let request = admin.api.request(Method::POST, "/tasks").json(&serde_json::json!({ "title": "Two" }));
    let second = send(request.header("x-piecework-position", &known)).await.expect_status(201);
    assert!(position(&second).starts_with("accounting=0/1,tracker="), "{second:?}");
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert_eq!(read.header("x-piecework-position"), None, "who reads has written nothing");
    world.finish().await;
}

#[tokio::test]
async fn a_position_that_no_command_gave_is_refused_and_a_broken_cookie_is_left_alone() {
    let world = World::new().await;
    let admin = world.admin().await;
    for wrong in ["", "tracker", "tracker=1", "tracker=0/x", "payroll=0/1", "tracker=0/1,", "0/1"] {
        read_after(&admin, "/tasks", wrong).await.expect_problem(400, "malformed_request");
        let request = admin.api.request(Method::GET, "/tasks");
        send(request.header("cookie", format!("a=b; piecework_position={wrong}"))).await.expect_status(200);
    }
    world.finish().await;
}

#[tokio::test]
async fn strong_is_the_only_consistency_there_is_to_ask_for_and_only_reads_know_it() {
    let world = World::new().await;
    let admin = world.admin().await;
    for fine in ["/tasks?consistency=strong", "/tasks?limit=1&consistency=strong", "/me?consistency=strong"] {
        admin.api.get(fine).await.expect_status(200);
    }
    for wrong in ["weak", "", "strong&consistency=strong"] {
        let path = format!("/tasks?consistency={wrong}");
        admin.api.get(&path).await.expect_problem(400, "malformed_request");
    }
    let unknown = admin.api.get("/tasks?consistency=strong&colour=red").await;
    unknown.expect_problem(400, "malformed_request");
    admin.api.post_nothing("/reassignments?consistency=strong").await.expect_problem(400, "malformed_request");
    world.finish().await;
}

#[tokio::test]
async fn without_replicas_nothing_is_said_of_positions() {
    let ground = Ground::new().await.set("TRACKER__READ_URLS", "").set("ACCOUNTING__READ_URLS", "");
    let world = ground.start().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    let created = create(&admin, "One").await.expect_status(201);
    assert_eq!((created.header("x-piecework-position"), created.header("set-cookie")), (None, None));
    world.finish().await;
}

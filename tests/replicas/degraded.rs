//! Databases that become unreachable, and what still works without them.

use std::time::Instant;

use futures_util::future::join_all;
use harness::{Answer, PASSWORD, ReplicatedEnvironment, eventually, minor, send};
use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::{Value, json};

use crate::people::{Admin, App, admin_of, create, hire_worker, is_stale};

#[track_caller]
fn expect_unavailable(answer: Answer) {
    let answer = answer.expect_problem(503, "database_unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

/// The tokens of a session that is refreshed.
async fn refresh(app: &App, token: &str) -> Value {
    app.api.post("/auth/refresh", &json!({ "refresh_token": token })).await.expect_status(200).json
}

async fn commands_work_again(admin: &Admin) {
    eventually("commands succeed", async || (create(admin, "After").await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn without_the_primary_of_tracker_reads_work_and_commands_get_retry_after() {
    let mut app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    create(&admin, "Before").await.expect_status(201);
    app.settle().await;
    app.environment.tracker.primary.cut().await;
    expect_unavailable(create(&admin, "Lost").await);
    app.until_ready("the failure is noticed", |ready| ready["databases"]["tracker"]["writes"] == false).await;

    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (200, &json!(true), &json!(false)), "{ready}");
    assert_eq!(ready["databases"]["accounting"]["writes"], true, "{ready}");
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert_eq!(read.json["items"].as_array().unwrap().len(), 1);
    assert!(is_stale(&read));
    assert!(!is_stale(&admin.api.get("/wallets/me").await.expect_status(200)));
    expect_unavailable(create(&admin, "Lost").await);
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    expect_unavailable(app.api.post("/auth/login", &body).await);

    // A session continues, and its refresh token stays valid.
    for _ in 0..2 {
        let tokens = refresh(&app, &admin.refresh_token).await;
        assert_eq!(tokens["refresh_token"], admin.refresh_token.as_str());
        let api = app.api.with_token(tokens["access_token"].as_str().unwrap());
        api.get("/me").await.expect_status(200);
    }
    let unknown = app.api.post("/auth/refresh", &json!({ "refresh_token": "unknown" })).await;
    unknown.expect_problem(401, "identity.refresh_invalid");

    app.environment.tracker.primary.restore().await;
    commands_work_again(&admin).await;
    let tokens = refresh(&app, &admin.refresh_token).await;
    assert_ne!(tokens["refresh_token"], admin.refresh_token.as_str());
    assert!(!is_stale(&admin.api.get("/tasks").await.expect_status(200)));
    app.finish().await;
}

#[tokio::test]
async fn a_killed_primary_loses_no_answered_command() {
    let app = ReplicatedEnvironment::with_own_servers().await.start().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.until_replicas_are_used().await;
    let work = join_all((0..4).map(async |worker| {
        let mut created = Vec::new();
        loop {
            let answer = create(&admin, &format!("Task {worker} {}", created.len())).await;
            match answer.status {
                201 => created.push(answer.id()),
                _ => return (created, answer),
            }
        }
    }));
    let killing = async {
        eventually("twenty tasks exist", async || {
            let tasks = admin.api.get("/tasks").await.json;
            (tasks["items"].as_array()?.len() >= 20).then_some(())
        })
        .await;
        app.environment.pair.kill_primary().await;
    };
    let (results, ()) = tokio::join!(work, killing);
    app.until_ready("the failure is noticed", |ready| ready["writes"] == false && ready["reads"] == true).await;
    let stale = admin.api.get("/tasks").await.expect_status(200);
    let again = admin.api.request(Method::GET, "/tasks").header(IF_NONE_MATCH, stale.header("etag").unwrap());
    let unchanged = send(again).await.expect_status(304);
    assert!(is_stale(&stale) && is_stale(&unchanged), "a 304 is marked, too");
    expect_unavailable(create(&admin, "Refused").await);

    app.environment.pair.restart_primary().await;
    let restarted = Instant::now();
    commands_work_again(&admin).await;
    println!("first command {} ms after the restart of the primary", restarted.elapsed().as_millis());
    for (created, refusal) in results {
        expect_unavailable(refusal);
        for id in created {
            admin.api.get(&format!("/tasks/{id}?consistency=strong")).await.expect_status(200);
        }
    }
    app.until_replicas_are_used().await;
    let fresh = admin.api.get("/tasks").await.expect_status(200);
    let again = admin.api.request(Method::GET, "/tasks").header(IF_NONE_MATCH, fresh.header("etag").unwrap());
    let unchanged = send(again).await.expect_status(304);
    assert_eq!(unchanged.header("x-piecework-stale"), Some("false"), "it replaces the mark of a response in a cache");
    app.finish().await;
}

#[tokio::test]
async fn without_the_replica_the_primary_answers_and_the_replica_returns_by_itself() {
    let mut app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    app.environment.tracker.replica.cut().await;
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert!(!is_stale(&read));
    app.until_ready("the failure is noticed", |ready| {
        ready["databases"]["tracker"]["replicas"][0] == "cannot be reached"
    })
    .await;
    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (200, &json!(true), &json!(true)), "{ready}");
    assert!(!is_stale(&admin.api.get("/tasks").await.expect_status(200)));
    app.environment.tracker.replica.restore().await;
    app.until_replicas_are_used().await;
    app.finish().await;
}

#[tokio::test]
async fn a_replica_that_hangs_is_not_used() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    app.environment.tracker.replica.freeze();
    admin.api.get("/tasks").await.expect_status(200);
    app.until_ready("the failure is noticed", |ready| {
        ready["databases"]["tracker"]["replicas"][0] == "cannot be reached"
    })
    .await;
    admin.api.get("/tasks").await.expect_status(200);
    app.environment.tracker.replica.thaw();
    app.until_replicas_are_used().await;
    app.finish().await;
}

#[tokio::test]
async fn a_primary_that_hangs_delays_requests_only_briefly() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.environment.tracker.primary.freeze();
    app.until_ready("the failure is noticed", |ready| ready["databases"]["tracker"]["writes"] == false).await;
    expect_unavailable(create(&admin, "Lost").await);
    admin.api.get("/tasks").await.expect_status(200);
    app.environment.tracker.primary.thaw();
    commands_work_again(&admin).await;
    app.finish().await;
}

#[tokio::test]
async fn without_accounting_tasks_work_and_the_ledger_catches_up() {
    let mut app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.environment.accounting.cut().await;
    let body = json!({ "email": "wim@example.org", "password": PASSWORD });
    let tokens = app.api.post("/auth/login", &body).await.expect_status(200).json;
    let worker = app.api.with_token(tokens["access_token"].as_str().unwrap());
    let (mut tasks, count) = (Vec::new(), 5);
    for number in 0..count {
        tasks.push(create(&admin, &format!("Task {number}")).await.expect_status(201).id());
    }
    worker.post_nothing(&format!("/tasks/{}/complete", tasks[0])).await.expect_status(200);
    expect_unavailable(worker.get("/wallets/me").await);
    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["databases"]["tracker"]["writes"]), (503, &json!(true)), "{ready}");

    app.environment.accounting.restore().await;
    app.until_ready("accounting accepts writes again", |ready| ready["writes"] == true).await;
    app.settle().await;
    let lines = worker.read_all("/wallets/me/transfers?consistency=strong", 200).await;
    assert_eq!(lines.len(), count + 1, "a fee for each and a reward for one: {lines:?}");
    let wallet = worker.read("/wallets/me?consistency=strong").await;
    assert_eq!(minor(&wallet["balance"]), lines.iter().map(|line| minor(&line["amount"])).sum::<i64>());
    app.finish().await;
}

#[tokio::test]
async fn without_any_database_every_request_gets_retry_after_and_the_system_recovers_by_itself() {
    let mut app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.environment.tracker.cut().await;
    app.environment.accounting.cut().await;
    let paths =
        ["/tasks", "/people", "/wallets/me", "/days", "/analytics/summary", "/admin/emails", "/admin/modules/tasks"];
    // More requests than connections.
    let requests = (0..10).flat_map(|_| paths).map(|path| admin.api.get(path));
    join_all(requests).await.into_iter().for_each(expect_unavailable);
    join_all((0..40).map(async |_| create(&admin, "Lost").await)).await.into_iter().for_each(expect_unavailable);
    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (503, &json!(false), &json!(false)), "{ready}");
    app.environment.tracker.restore().await;
    app.environment.accounting.restore().await;
    app.until_replicas_are_used().await;
    app.until_ready("both primaries accept writes again", |ready| ready["writes"] == true).await;
    commands_work_again(&admin).await;
    for path in paths {
        admin.api.get(path).await.expect_status(200);
    }
    app.finish().await;
}

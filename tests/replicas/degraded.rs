//! Parts are away, and what can go on goes on.

use std::time::Instant;

use futures_util::future::join_all;
use harness::eventually;
use serde_json::{Value, json};

use crate::api::{Answer, minor};
use crate::support::{Admin, Ground, World, create, is_stale};

#[track_caller]
fn expect_unavailable(answer: Answer) {
    let answer = answer.expect_problem(503, "database_unavailable");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

async fn refresh(world: &World, token: &str) -> Value {
    world.api.post("/auth/refresh", &json!({ "refresh_token": token })).await.expect_status(200).json
}

async fn commands_work_again(admin: &Admin) {
    eventually("commands are taken", async || (create(admin, "After").await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn without_the_trackers_primary_reads_go_on_and_commands_say_when_to_come_back() {
    let mut world = World::new().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    create(&admin, "Before").await.expect_status(201);
    world.settle().await;
    world.ground.tracker.primary.cut().await;
    expect_unavailable(create(&admin, "Lost").await);
    world.until_ready("it is missed", |ready| ready["databases"]["tracker"]["writes"] == false).await;

    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (200, &json!(true), &json!(false)), "{ready}");
    assert_eq!(ready["databases"]["accounting"]["writes"], true, "{ready}");
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert_eq!(read.json["items"].as_array().unwrap().len(), 1);
    assert!(is_stale(&read));
    assert!(!is_stale(&admin.api.get("/wallets/me").await.expect_status(200)));
    expect_unavailable(create(&admin, "Lost").await);
    let body = json!({ "email": "ada@example.org", "password": "correct horse battery" });
    expect_unavailable(world.api.post("/auth/login", &body).await);

    // A session lives on, and its refresh token is not used up.
    for _ in 0..2 {
        let tokens = refresh(&world, &admin.refresh_token).await;
        assert_eq!(tokens["refresh_token"], admin.refresh_token.as_str());
        let api = world.api.with_token(tokens["access_token"].as_str().unwrap());
        api.get("/me").await.expect_status(200);
    }
    let unknown = world.api.post("/auth/refresh", &json!({ "refresh_token": "somebody's" })).await;
    unknown.expect_problem(401, "identity.refresh_invalid");

    world.ground.tracker.primary.mend().await;
    commands_work_again(&admin).await;
    let tokens = refresh(&world, &admin.refresh_token).await;
    assert_ne!(tokens["refresh_token"], admin.refresh_token.as_str());
    assert!(!is_stale(&admin.api.get("/tasks").await.expect_status(200)));
    world.finish().await;
}

#[tokio::test]
async fn a_killed_primary_loses_nothing_that_was_answered() {
    let world = Ground::alone().await.start().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.until_replicas_are_used().await;
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
        eventually("there is something to lose", async || {
            let tasks = admin.api.get("/tasks").await.json;
            (tasks["items"].as_array()?.len() >= 20).then_some(())
        })
        .await;
        world.ground.pair.kill_primary().await;
    };
    let (results, ()) = tokio::join!(work, killing);
    world.until_ready("it is missed", |ready| ready["writes"] == false && ready["reads"] == true).await;
    assert!(is_stale(&admin.api.get("/tasks").await.expect_status(200)));
    expect_unavailable(create(&admin, "Refused").await);

    world.ground.pair.revive_primary().await;
    let back = Instant::now();
    commands_work_again(&admin).await;
    println!("first command {} ms after the primary's return", back.elapsed().as_millis());
    for (created, refusal) in results {
        expect_unavailable(refusal);
        for id in created {
            admin.api.get(&format!("/tasks/{id}?consistency=strong")).await.expect_status(200);
        }
    }
    world.until_replicas_are_used().await;
    world.finish().await;
}

#[tokio::test]
async fn without_the_replica_the_primary_serves_and_it_comes_back_by_itself() {
    let mut world = World::new().await;
    let admin = world.admin().await;
    world.ground.tracker.replica.cut().await;
    let read = admin.api.get("/tasks").await.expect_status(200);
    assert!(!is_stale(&read));
    world
        .until_ready("it is missed", |ready| ready["databases"]["tracker"]["replicas"][0] == "cannot be reached")
        .await;
    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (200, &json!(true), &json!(true)), "{ready}");
    assert!(!is_stale(&admin.api.get("/tasks").await.expect_status(200)));
    world.ground.tracker.replica.mend().await;
    world.until_replicas_are_used().await;
    world.finish().await;
}

#[tokio::test]
async fn a_replica_that_hangs_is_passed_by() {
    let world = World::new().await;
    let admin = world.admin().await;
    world.ground.tracker.replica.freeze();
    admin.api.get("/tasks").await.expect_status(200);
    world
        .until_ready("it is missed", |ready| ready["databases"]["tracker"]["replicas"][0] == "cannot be reached")
        .await;
    admin.api.get("/tasks").await.expect_status(200);
    world.ground.tracker.replica.thaw();
    world.until_replicas_are_used().await;
    world.finish().await;
}

#[tokio::test]
async fn a_primary_that_hangs_holds_up_nobody_for_long() {
    let world = World::new().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.ground.tracker.primary.freeze();
    world.until_ready("it is missed", |ready| ready["databases"]["tracker"]["writes"] == false).await;
    expect_unavailable(create(&admin, "Lost").await);
    admin.api.get("/tasks").await.expect_status(200);
    world.ground.tracker.primary.thaw();
    commands_work_again(&admin).await;
    world.finish().await;
}

#[tokio::test]
async fn without_accounting_tasks_go_on_and_the_ledger_catches_up() {
    let mut world = World::new().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.ground.accounting.cut().await;
    let body = json!({ "email": "wim@example.org", "password": "correct horse battery" });
    let tokens = world.api.post("/auth/login", &body).await.expect_status(200).json;
    let worker = world.api.with_token(tokens["access_token"].as_str().unwrap());
    let (mut tasks, count) = (Vec::new(), 5);
    for number in 0..count {
        tasks.push(create(&admin, &format!("Task {number}")).await.expect_status(201).id());
    }
    worker.post_nothing(&format!("/tasks/{}/complete", tasks[0])).await.expect_status(200);
    expect_unavailable(worker.get("/wallets/me").await);
    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["databases"]["tracker"]["writes"]), (503, &json!(true)), "{ready}");

    world.ground.accounting.mend().await;
    world.until_ready("it is back", |ready| ready["writes"] == true).await;
    world.settle().await;
    let lines = worker.read_all("/wallets/me/transfers?consistency=strong", 200).await;
    assert_eq!(lines.len(), count + 1, "a fee for each and a reward for one: {lines:?}");
    let wallet = worker.read("/wallets/me?consistency=strong").await;
    assert_eq!(minor(&wallet["balance"]), lines.iter().map(|line| minor(&line["amount"])).sum::<i64>());
    world.finish().await;
}

#[tokio::test]
async fn with_everything_away_everybody_is_told_so_and_it_heals_by_itself() {
    let mut world = World::new().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.ground.tracker.cut().await;
    world.ground.accounting.cut().await;
    let asked = ["/tasks", "/people", "/wallets/me", "/days", "/analytics/summary", "/admin/emails", "/admin/modules"];
    // More than there are connections.
    let crowd = (0..10).flat_map(|_| asked).map(|path| admin.api.get(path));
    join_all(crowd).await.into_iter().for_each(expect_unavailable);
    join_all((0..40).map(async |_| create(&admin, "Lost").await)).await.into_iter().for_each(expect_unavailable);
    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (503, &json!(false), &json!(false)), "{ready}");
    world.ground.tracker.mend().await;
    world.ground.accounting.mend().await;
    world.until_replicas_are_used().await;
    world.until_ready("both primaries are back", |ready| ready["writes"] == true).await;
    commands_work_again(&admin).await;
    for path in asked {
        admin.api.get(path).await.expect_status(200);
    }
    world.finish().await;
}

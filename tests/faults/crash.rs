//! kill -9 in the middle of work: what was answered is there, and what was begun is finished once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::eventually;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::ground::Ground;
use crate::http::Api;
use crate::program::{add_person, piecework, serve, serve_with, verify_holds};

#[tokio::test]
async fn a_killed_server_starts_again_at_once_on_what_it_left() {
    let ground = Ground::new();
    let server = serve(&ground).await;
    let ada = server.first_admin().await;
    // The link works once.
    let again = json!({
        "token": server.greeting["first_admin_token"], "email": "eve@example.org", "name": "Eve", "password": "let me in too",
    });
    let refused = server.api.post("/auth/set-password", again).await;
    assert_eq!((refused.status, refused.code()), (409, "identity.link_used"));

    let worker =
        json!({ "email": "wim@example.org", "name": "Wim", "role": "worker", "password": crate::program::PASSWORD });
    ada.post("/people", worker).await.ok();
    let wim = server.api.log_in("wim@example.org").await;
    eventually("tasks knows of Wim", async || {
        ada.post("/tasks", json!({ "title": "first" })).await.body.get("id").cloned()
    })
    .await;
    let task = ada.create_task("[POP-42] - Fix the “door”").await;
    let completed = ada.create_task("Water the plants").await;
    let id = completed["id"].as_str().unwrap();
    wim.post(&format!("/tasks/{id}/complete"), Value::Null).await.ok();
    let keys = |api: &Api| reqwest::get(format!("{}/.well-known/jwks.json", api.url()));
    let keys_before = keys(&server.api).await.unwrap().text().await.unwrap();
    server.kill();

    let server = serve(&ground).await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null, "there is an admin already");
    assert_eq!(keys(&server.api).await.unwrap().text().await.unwrap(), keys_before);
    // Tokens that were signed before the crash.
    let (ada, wim) = (ada.moved_to(&server.api), wim.moved_to(&server.api));
    assert_eq!(ada.get("/me").await.ok()["email"], crate::program::ADMIN);
    assert_eq!(wim.get("/me").await.ok()["role"], "worker");
    let tasks = wim.tasks().await;
    assert_eq!(tasks.len(), 3);
    let found = &tasks[task["id"].as_str().unwrap()];
    assert_eq!((&found["title"], &found["reference"]), (&json!("Fix the “door”"), &json!("POP-42")));
    assert_eq!(tasks[id]["status"], "completed");
    verify_holds(&ground.data_dir()).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_7_whatever_was_answered_survives_kill_9_amid_creates_and_completes() {
    let ground = Ground::new();
    let workers = ["ann@example.org", "ben@example.org", "cem@example.org"];
    for email in workers {
        add_person(&ground, email, "worker").await;
    }
    let mut known = Answered::default();
    for _ in 0..3 {
        let server = serve(&ground).await;
        let answers = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for email in workers {
            clients.spawn(work(server.api.log_in(email).await, Arc::clone(&answers)));
        }
        eventually("a good deal is answered", async || (answers.load(Ordering::SeqCst) > 60).then_some(())).await;
        server.kill();
        while let Some(answered) = clients.join_next().await {
            known.add(answered.unwrap());
        }
    }
    let server = serve(&ground).await;
    let tasks = server.api.log_in(workers[0]).await.tasks().await;
    assert!(known.created.len() > 60 && known.completed.len() > 20, "the clients did not get far");
    for id in &known.created {
        assert!(tasks.contains_key(id), "task {id} was created, and is gone");
    }
    for id in &known.completed {
        assert_eq!(tasks[id]["status"], "completed", "task {id} was completed, and is open again");
    }
    verify_holds(&ground.data_dir()).await;
    // A fee for each task, a reward for each completion: verify has held the ledger against the tasks.
    let mut ledger = ground.postgres().connect("accounting").await;
    let fees: i64 = sqlx::query_scalar("select count(*) from accounting.transfers where kind = 'assignment_fee'")
        .fetch_one(&mut ledger)
        .await
        .unwrap();
    assert_eq!(usize::try_from(fees).unwrap(), tasks.len());
    server.stop().await;
}

/// The ids in answers of success.
#[derive(Default)]
struct Answered {
    created: Vec<String>,
    completed: Vec<String>,
}

impl Answered {
    fn add(&mut self, other: Self) {
        self.created.extend(other.created);
        self.completed.extend(other.completed);
    }
}

/// Creates tasks and completes its own, until nobody answers any more.
async fn work(person: Api, answers: Arc<AtomicUsize>) -> Answered {
    let me = person.get("/me").await.ok()["id"].clone();
    let mut answered = Answered::default();
    let mut mine = Vec::new();
    loop {
        let Ok(created) = person.try_post("/tasks", json!({ "title": "Sharpen the pencils" })).await else { break };
        // Not known to tasks yet: nobody can be drawn. That is an answer too, and promises nothing.
        if created.status != 201 {
            assert_eq!(created.status, 409, "{created:?}");
            continue;
        }
        answers.fetch_add(1, Ordering::SeqCst);
        let id = created.body["id"].as_str().unwrap().to_owned();
        if created.body["assignee"]["id"] == me {
            mine.push(id.clone());
        }
        answered.created.push(id);
        let Some(id) = mine.pop() else { continue };
        let Ok(completed) = person.try_post(&format!("/tasks/{id}/complete"), Value::Null).await else { break };
        completed.ok();
        answers.fetch_add(1, Ordering::SeqCst);
        answered.completed.push(id);
    }
    answered
}

#[tokio::test]
async fn t6_a_reassign_that_is_killed_half_way_goes_on_and_charges_every_task_once() {
    const TASKS: i64 = 2_000;
    const SMALL_CHUNKS: [(&str, &str); 1] = [("PIECEWORK__TASKS__REASSIGN_CHUNK", "4")];
    let ground = Ground::new();
    add_person(&ground, "max@example.org", "manager").await;
    add_person(&ground, "ann@example.org", "worker").await;
    add_person(&ground, "ben@example.org", "worker").await;
    let rows: String = (1..=TASKS).map(|number| format!("Task {number}\n")).collect();
    let file = ground.write("tasks.csv", format!("title\n{rows}"));
    piecework(&ground.data_dir(), &["import", "tasks", file.to_str().unwrap()]).finish().await.ok();

    let mut server = serve_with(&ground, &SMALL_CHUNKS).await;
    let max = server.api.log_in("max@example.org").await;
    let run = max.post("/reassignments", Value::Null).await;
    assert_eq!(run.status, 202);
    let path = format!("/reassignments/{}", run.body["id"].as_str().unwrap());
    let mut done_before = 0;
    for _ in 0..3 {
        let max = max.moved_to(&server.api);
        let further = async || {
            let done = max.get(&path).await.ok()["done"].as_i64().unwrap();
            (done > done_before).then_some(done)
        };
        let done = eventually("the run gets further", further).await;
        assert!(done < TASKS, "the run was over before it could be killed");
        server.kill();
        done_before = done;
        server = serve_with(&ground, &SMALL_CHUNKS).await;
    }
    let max = max.moved_to(&server.api);
    let over = async || Some(max.get(&path).await.ok()).filter(|run| run["status"] == "completed");
    let run = eventually("the run is over", over).await;
    assert_eq!((&run["total"], &run["done"], &run["reassigned"]), (&json!(TASKS), &json!(TASKS), &json!(TASKS)));
    let tasks = max.tasks().await;
    assert_eq!(tasks.len(), usize::try_from(TASKS).unwrap());
    assert!(tasks.values().all(|task| task["assignments"] == 2), "a task was drawn anew not at all, or twice");
    // One fee for the creation, one for the reassign.
    verify_holds(&ground.data_dir()).await;
    let fees = "select count(*) from accounting.transfers where kind = 'assignment_fee'";
    let fees: i64 =
        sqlx::query_scalar(fees).fetch_one(&mut ground.postgres().connect("accounting").await).await.unwrap();
    assert_eq!(fees, 2 * TASKS);
    server.stop().await;
}

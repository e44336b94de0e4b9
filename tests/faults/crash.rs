//! kill -9 during work: answered commands keep their effect, and an interrupted run is finished
//! once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Api, PASSWORD, assert_verified, create_person, eventually, piecework};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn a_killed_server_starts_again_on_its_data() {
    let data = DataDirectory::new();
    let mut server = data.serve().await;
    let ada = server.first_admin().await.api;
    // The one-time link is used.
    let again = json!({
        "token": server.first_admin_token().await, "email": "eve@example.org", "name": "Eve", "password": "let me in too",
    });
    let refused = server.api.post("/auth/set-password", &again).await;
    assert_eq!((refused.status, refused.code()), (409, "identity.link_used"));

    let worker = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker", "password": PASSWORD });
    ada.post("/people", &worker).await.ok();
    let wim = server.api.login("wim@example.org", PASSWORD).await;
    eventually("tasks knows Wim", async || {
        ada.post("/tasks", &json!({ "title": "first" })).await.json.get("id").cloned()
    })
    .await;
    let task = ada.create_task("[POP-42] - Fix the “door”").await;
    let completed = ada.create_task("Water the plants").await;
    let id = completed["id"].as_str().unwrap();
    wim.post_nothing(&format!("/tasks/{id}/complete")).await.ok();
    let keys = |url: String| reqwest::get(format!("{url}/.well-known/jwks.json"));
    let keys_before = keys(server.url()).await.unwrap().text().await.unwrap();
    server.kill();

    let server = data.serve().await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null, "an admin exists");
    assert_eq!(keys(server.url()).await.unwrap().text().await.unwrap(), keys_before);
    // Tokens from before the kill stay valid.
    let (ada, wim) = (ada.moved_to(&server.api), wim.moved_to(&server.api));
    assert_eq!(ada.get("/me").await.ok()["email"], "ada@example.org");
    assert_eq!(wim.get("/me").await.ok()["role"], "worker");
    let tasks = wim.tasks_by_id().await;
    assert_eq!(tasks.len(), 3);
    let found = &tasks[task["id"].as_str().unwrap()];
    assert_eq!((&found["title"], &found["reference"]), (&json!("Fix the “door”"), &json!("POP-42")));
    assert_eq!(tasks[id]["status"], "completed");
    assert_verified(&data.path()).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_7_every_answered_create_and_complete_survives_kill_9() {
    let data = DataDirectory::new();
    let workers = ["ann@example.org", "ben@example.org", "cem@example.org"];
    for email in workers {
        create_person(&data.path(), email, "worker").await;
    }
    let mut known = Answered::default();
    for _ in 0..3 {
        let mut server = data.serve().await;
        let answers = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for email in workers {
            clients.spawn(work(server.api.login(email, PASSWORD).await, Arc::clone(&answers)));
        }
        eventually("sixty commands are answered", async || (answers.load(Ordering::SeqCst) > 60).then_some(())).await;
        server.kill();
        while let Some(answered) = clients.join_next().await {
            known.add(answered.unwrap());
        }
    }
    let server = data.serve().await;
    let tasks = server.api.login(workers[0], PASSWORD).await.tasks_by_id().await;
    assert!(known.created.len() > 60 && known.completed.len() > 20, "too few commands were answered");
    for id in &known.created {
        assert!(tasks.contains_key(id), "the answered creation of task {id} is lost");
    }
    for id in &known.completed {
        assert_eq!(tasks[id]["status"], "completed", "the answered completion of task {id} is lost");
    }
    assert_verified(&data.path()).await;
    // `verify` has compared the rewards with the completions.
    let mut ledger = data.postgres().connect("accounting").await;
    let fees: i64 = sqlx::query_scalar("select count(*) from accounting.transfers where kind = 'assignment_fee'")
        .fetch_one(&mut ledger)
        .await
        .unwrap();
    assert_eq!(usize::try_from(fees).unwrap(), tasks.len());
    server.stop().await;
}

/// The ids of tasks whose command was answered with success.
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

/// Creates tasks and completes those of `person`, until the server does not answer.
async fn work(person: Api, answers: Arc<AtomicUsize>) -> Answered {
    let me = person.get("/me").await.ok()["id"].clone();
    let mut answered = Answered::default();
    let mut mine = Vec::new();
    loop {
        let Ok(created) = person.try_post("/tasks", &json!({ "title": "Sharpen the pencils" })).await else { break };
        // Nothing is created: the module tasks does not know the people yet, so the pool is empty
        // (409), or the process has more to do than the machine can (503).
        if created.status != 201 {
            assert!(matches!(created.status, 409 | 503), "{created:?}");
            continue;
        }
        answers.fetch_add(1, Ordering::SeqCst);
        let id = created.json["id"].as_str().unwrap().to_owned();
        if created.json["assignee"]["id"] == me {
            mine.push(id.clone());
        }
        answered.created.push(id);
        let Some(id) = mine.pop() else { continue };
        let Ok(completed) = person.try_post(&format!("/tasks/{id}/complete"), &Value::Null).await else { break };
        completed.ok();
        answers.fetch_add(1, Ordering::SeqCst);
        answered.completed.push(id);
    }
    answered
}

#[tokio::test]
async fn t6_a_killed_run_continues_after_the_restart_and_charges_every_task_once() {
    const TASKS: i64 = 2_000;
    const SMALL_CHUNKS: [(&str, &str); 1] = [("PIECEWORK__TASKS__REASSIGN_CHUNK", "4")];
    let data = DataDirectory::new();
    create_person(&data.path(), "max@example.org", "manager").await;
    create_person(&data.path(), "ann@example.org", "worker").await;
    create_person(&data.path(), "ben@example.org", "worker").await;
    let rows: String = (1..=TASKS).map(|number| format!("Task {number}\n")).collect();
    let file = data.write("tasks.csv", format!("title\n{rows}"));
    piecework(&data.path(), &["import", "tasks", file.to_str().unwrap()]).finish().await.ok();

    let mut server = data.serve_with(&SMALL_CHUNKS).await;
    let max = server.api.login("max@example.org", PASSWORD).await;
    let run = max.post_nothing("/reassignments").await;
    assert_eq!(run.status, 202);
    let path = format!("/reassignments/{}", run.json["id"].as_str().unwrap());
    let mut done_before = 0;
    for _ in 0..3 {
        let max = max.moved_to(&server.api);
        let progress = async || {
            let done = max.get(&path).await.ok()["done"].as_i64().unwrap();
            (done > done_before).then_some(done)
        };
        let done = eventually("the run continues", progress).await;
        assert!(done < TASKS, "the run was completed before the kill");
        server.kill();
        done_before = done;
        server = data.serve_with(&SMALL_CHUNKS).await;
    }
    let max = max.moved_to(&server.api);
    let completed = async || Some(max.get(&path).await.ok()).filter(|run| run["status"] == "completed");
    let run = eventually("the run is completed", completed).await;
    assert_eq!((&run["total"], &run["done"], &run["reassigned"]), (&json!(TASKS), &json!(TASKS), &json!(TASKS)));
    let tasks = max.tasks_by_id().await;
    assert_eq!(tasks.len(), usize::try_from(TASKS).unwrap());
    assert!(tasks.values().all(|task| task["assignments"] == 2), "each task is reassigned exactly once");
    // Each task has one fee for its creation and one for the run.
    assert_verified(&data.path()).await;
    let fees = "select count(*) from accounting.transfers where kind = 'assignment_fee'";
    let fees: i64 = sqlx::query_scalar(fees).fetch_one(&mut data.postgres().connect("accounting").await).await.unwrap();
    assert_eq!(fees, 2 * TASKS);
    server.stop().await;
}

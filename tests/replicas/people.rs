//! The people of these tests, and what they do.

use chrono::{DateTime, Utc};
use contracts::Role;
use harness::{Answer, Api, PASSWORD, ReplicatedEnvironment, TestApp, create_first_admin, send};
use serde_json::{Value, json};

/// An application on replicated databases.
pub type App = TestApp<ReplicatedEnvironment>;

/// The admin, with both tokens of a session.
pub struct Admin {
    pub api: Api,
    pub refresh_token: String,
}

/// Creates the first admin and logs in.
pub async fn admin_of(app: &App) -> Admin {
    let admin = create_first_admin(&app.api, &app.first_admin_token().await).await;
    let body = json!({ "email": admin.email, "password": PASSWORD });
    let tokens = app.api.post("/auth/login", &body).await.expect_status(200).json;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    Admin { api: app.api.with_token(&text("access_token")), refresh_token: text("refresh_token") }
}

/// Creates a worker, who is then the only person in the pool.
pub async fn hire_worker(app: &App, admin: &Admin) {
    let body = json!({ "email": "wim@example.org", "name": "Wim", "role": Role::Worker, "password": PASSWORD });
    admin.api.post("/people", &body).await.expect_status(201);
    app.settle().await;
}

/// Asks for a new task.
pub async fn create(admin: &Admin, title: &str) -> Answer {
    admin.api.post("/tasks", &json!({ "title": title })).await
}

/// The position of the command's writes.
pub fn position(answer: &Answer) -> String {
    answer.header("x-piecework-position").expect("a command answers with its position").to_owned()
}

pub fn is_stale(answer: &Answer) -> bool {
    answer.header("x-piecework-stale") == Some("true")
}

/// A read by a client that has seen `position`.
pub async fn read_after(admin: &Admin, path: &str, position: &str) -> Answer {
    send(admin.api.request(reqwest::Method::GET, path).header("x-piecework-position", position)).await
}

pub fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

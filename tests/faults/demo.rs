//! The demo: it is created again after an interruption, and a complete one is used again.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use harness::{Api, Run, Server, assert_verified, complete_path, eventually, minor, piecework};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::data_directory::{DataDirectory, Postgres};

fn demo(data: &DataDirectory, options: &[&str]) -> Run {
    piecework(&data.path(), &[&["demo", "--json"], options].concat())
}

fn directory(data: &DataDirectory) -> PathBuf {
    data.path().join("demo")
}

#[tokio::test]
async fn an_interrupted_demo_is_created_again_a_complete_one_is_used_again_and_a_running_one_is_protected() {
    let data = DataDirectory::new();
    let mut interrupted = demo(&data, &["--fresh"]).spawn();
    eventually("three days of the history are closed", async || (days_closed(&data).await > 2).then_some(())).await;
    interrupted.kill();
    assert!(!directory(&data).join("demo.json").exists());

    // The level of a demo that is started by hand.
    let quiet = |run: Run| run.env("PIECEWORK__TELEMETRY__LOG", "info,actix_server=warn,lapin=off,sqlx=warn");
    let server = quiet(demo(&data, &[])).serve().await;
    for role in ["admin", "manager", "accountant", "worker"] {
        let logins = server.greeting["logins"].as_array().unwrap();
        let login = logins.iter().find(|login| login["role"] == role).unwrap();
        let text = |field: &str| login[field].as_str().unwrap();
        let person = server.api.login(text("email"), text("password")).await;
        assert_eq!(person.get("/me").await.ok()["role"], role);
    }
    assert_eq!(days_closed(&data).await, 21);
    let password_file = std::fs::metadata(directory(&data).join("demo.json")).unwrap();
    assert_eq!(password_file.permissions().mode() & 0o777, 0o600);
    assert_verified(&directory(&data)).await;
    assert_each_login_has_something_to_do(&server).await;
    // While other tests use the machine, a pool may wait longer for a connection.
    let is_about_load = |line: &&str| line.contains("free in time") || line.contains("slow threshold");
    let log = server.log();
    assert_eq!(log.lines().find(|line| !is_about_load(line)), None, "a good start logs no warning");
    let figures = figures(&server).await;
    assert!(figures["tasks"].as_u64() > Some(900) && figures["payouts"].as_u64() > Some(50), "{figures}");

    // Another demo can neither use its port nor delete its data.
    let taken = demo(&data, &[]).env("PIECEWORK__HTTP__PORT", server.port()).finish().await.failed(1);
    assert!(taken.contains("cannot listen on"), "{taken}");
    let refused = demo(&data, &["--fresh"]).finish().await.failed(1);
    assert!(refused.contains("another piecework uses"), "{refused}");
    assert_eq!(self::figures(&server).await, figures, "the data of the running demo is unchanged");
    let logins = server.greeting["logins"].clone();
    server.stop().await;

    let mut server = demo(&data, &[]).serve().await;
    assert_eq!(server.greeting["logins"], logins, "the existing demo is used again");
    assert_eq!(self::figures(&server).await, figures);
    server.kill();
    assert_verified(&directory(&data)).await;
}

/// The client of the login that the demo shows for a role.
async fn login(server: &Server, role: &str) -> Api {
    let logins = server.greeting["logins"].as_array().unwrap();
    let login = logins.iter().find(|login| login["role"] == role).unwrap();
    server.api.login(login["email"].as_str().unwrap(), login["password"].as_str().unwrap()).await
}

/// Asserts that a newcomer can try what each role is for.
async fn assert_each_login_has_something_to_do(server: &Server) {
    let worker = login(server, "worker").await;
    let open = worker.read_all("/tasks?assignee=me&status=open", 200).await;
    assert!(open.len() >= 5, "the worker has {} open tasks", open.len());
    assert!(open.iter().all(|task| minor(&task["price"]["fee"]) > 0 && minor(&task["price"]["reward"]) > 0));
    assert!(minor(&worker.read("/wallets/me").await["balance"]) > 0, "the worker is paid tonight");

    let manager = login(server, "manager").await;
    let preview = manager.read("/reassignments/preview").await;
    assert!(preview["open_tasks"].as_i64().unwrap() >= 200, "{preview}");
    assert!(manager.read_all("/reassignments", 200).await.len() >= 2, "there were runs");

    let accountant = login(server, "accountant").await;
    let days = accountant.read_all("/days", 200).await;
    assert_eq!((days.len(), &days[0]["status"]), (22, &json!("open")));
    let preview = accountant.read(&format!("/days/{}/preview", days[0]["date"].as_str().unwrap())).await;
    assert!(preview["payouts"].as_i64().unwrap() >= 2 && minor(&preview["paid"]) > 0, "{preview}");
    assert!(days[1..].iter().all(|day| day["payouts"].as_i64().unwrap() > 0), "each day has payouts");
    let earnings = accountant.read("/earnings").await;
    let earned: Vec<i64> = earnings["items"].as_array().unwrap().iter().map(|day| minor(&day["earned"])).collect();
    let profitable = earned.iter().filter(|earned| **earned > 0).count();
    assert!(profitable * 4 >= earned.len() * 3, "the company earns on most days: {earned:?}");

    let admin = login(server, "admin").await;
    let before = admin.read("/analytics/summary").await;
    assert!(minor(&before["earned_today"]) != 0 && before["top_task_today"].is_object(), "{before}");
    assert!(before["wallets_below_zero"].as_i64().unwrap() > 0, "{before}");
    assert_eq!(admin.read_all("/people", 200).await.len(), 12);
    // The first thing that a worker does moves the figures.
    worker.post_nothing(&complete_path(&open[0])).await.ok();
    eventually("the admin's figures move", async || {
        let after = admin.read("/analytics/summary").await;
        (after["earned_today"] != before["earned_today"]).then_some(())
    })
    .await;
}

/// Numbers that do not change while no client uses the demo.
async fn figures(server: &Server) -> Value {
    let admin = login(server, "admin").await;
    json!({ "tasks": admin.tasks_by_id().await.len(), "payouts": admin.read_all("/payouts", 200).await.len() })
}

/// The number of closed days: 0 as long as there is no server or no table.
async fn days_closed(data: &DataDirectory) -> i64 {
    let Some(url) = Postgres::of(&directory(data)).url("accounting") else { return 0 };
    let Ok(mut connection) = PgConnection::connect(&url).await else { return 0 };
    let closed = sqlx::query_scalar("select count(*) from accounting.days where closed_at is not null");
    closed.fetch_one(&mut connection).await.unwrap_or(0)
}

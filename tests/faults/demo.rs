//! The demo: it comes up, it holds, it is kept, and it is begun anew when it was interrupted.

use std::path::PathBuf;

use harness::eventually;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::ground::{Ground, Postgres};
use crate::program::{Run, Server, piecework, verify_holds};

fn demo(ground: &Ground, options: &[&str]) -> Run {
    piecework(&ground.data_dir(), &[&["demo", "--json"], options].concat())
}

fn folder(ground: &Ground) -> PathBuf {
    ground.data_dir().join("demo")
}

#[tokio::test]
async fn a_demo_is_begun_anew_after_a_kill_is_kept_afterwards_and_lets_no_other_at_its_data() {
    let ground = Ground::new();
    let interrupted = demo(&ground, &["--fresh"]).spawn(&ground);
    eventually("some days of the history are over", async || (days_closed(&ground).await > 2).then_some(())).await;
    interrupted.kill();
    assert!(!folder(&ground).join("demo.json").exists());

    let server = Server::from(demo(&ground, &[]).spawn(&ground)).await;
    for role in ["admin", "manager", "accountant", "worker"] {
        let logins = server.greeting["logins"].as_array().unwrap();
        let login = logins.iter().find(|login| login["role"] == role).unwrap();
        let text = |field: &str| login[field].as_str().unwrap();
        let person = server.api.log_in_with(text("email"), text("password")).await;
        assert_eq!(person.get("/me").await.ok()["role"], role);
    }
    assert_eq!(days_closed(&ground).await, 21);
    verify_holds(&folder(&ground)).await;
    let story = story(&server).await;
    assert!(story["tasks"].as_u64() > Some(900) && story["payouts"].as_u64() > Some(50), "{story}");

    // Others may not have its port, nor begin anew under it.
    let taken = demo(&ground, &[]).env("PIECEWORK__HTTP__PORT", server.port()).finish().await.failed(1);
    assert!(taken.contains("cannot listen on"), "{taken}");
    let refused = demo(&ground, &["--fresh"]).finish().await.failed(1);
    assert!(refused.contains("another piecework is at work in"), "{refused}");
    assert_eq!(self::story(&server).await, story, "the running demo was harmed");
    let logins = server.greeting["logins"].clone();
    server.stop().await;

    let server = Server::from(demo(&ground, &[]).spawn(&ground)).await;
    assert_eq!(server.greeting["logins"], logins, "a demo that is there is used again");
    assert_eq!(self::story(&server).await, story);
    server.kill();
    verify_holds(&folder(&ground)).await;
}

/// What is there, in figures that stand still.
async fn story(server: &Server) -> Value {
    let login = |role: &str| {
        let logins = server.greeting["logins"].as_array().unwrap();
        logins.iter().find(|login| login["role"] == role).unwrap().clone()
    };
    let admin = login("admin");
    let admin = server.api.log_in_with(admin["email"].as_str().unwrap(), admin["password"].as_str().unwrap()).await;
    json!({ "tasks": admin.tasks().await.len(), "payouts": admin.all("/payouts").await.len() })
}

/// None as long as there is no server or no table.
async fn days_closed(ground: &Ground) -> i64 {
    let Some(url) = Postgres::of(&folder(ground)).url("accounting") else { return 0 };
    let Ok(mut connection) = PgConnection::connect(&url).await else { return 0 };
    let closed = sqlx::query_scalar("select count(*) from accounting.days where closed_at is not null");
    closed.fetch_one(&mut connection).await.unwrap_or(0)
}

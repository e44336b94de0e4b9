//! The end of the program: nothing runs on, nothing is left lying about, and nobody who listens can hold it up.

use std::net::TcpStream;

use harness::eventually;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::ground::{Ground, is_alive};
use crate::program::{Server, add_person, piecework, serve, serve_with};

#[tokio::test]
async fn nothing_is_left_of_a_server_however_it_ends() {
    let ground = Ground::new();
    for end in [Some(Signal::TERM), Some(Signal::INT), None] {
        let server = serve(&ground).await;
        let port = server.port().to_owned();
        let postgres = ground.postgres().pids();
        assert!(postgres.into_iter().all(is_alive));
        match end {
            Some(signal) => assert_eq!(server.end_with(signal).await.code(), Some(0), "after {signal:?}"),
            None => server.kill(),
        }
        let ended = async || (!postgres.into_iter().any(is_alive)).then_some(());
        eventually(&format!("the embedded PostgreSQL ends after {end:?}"), ended).await;
        assert!(!ground.postgres().has_pid_file(), "PostgreSQL was not stopped in good order after {end:?}");
        assert_eq!(ground.postgres().url("tracker"), None);
        assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_err());
        assert_eq!(entries(&ground.data_dir()), ["mail", "postgres"], "after {end:?}");
    }
    // A command of its own ends its own server as well.
    piecework(&ground.data_dir(), &["verify"]).finish().await.ok();
    let ended = async || (!ground.postgres().has_pid_file()).then_some(());
    eventually("the embedded PostgreSQL ends with the command", ended).await;
}

fn entries(folder: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_starts_leaves_nothing_that_keeps_the_next_from_starting() {
    let ground = Ground::new();
    for moment in ["postgres", "postgres/cluster", "postgres/server"] {
        let starting = piecework(&ground.data_dir(), &["serve", "--json"]).spawn(&ground);
        let path = ground.data_dir().join(moment);
        eventually("it has come so far", async || path.exists().then_some(())).await;
        starting.kill();
    }
    let server = serve(&ground).await;
    server.first_admin().await;
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_open_streams_and_idle_connections_do_not_hold_up_a_stop() {
    let ground = Ground::new();
    // With patience the server would wait ten minutes for whoever does not let go.
    let server = serve_with(&ground, &[("PIECEWORK__HTTP__SHUTDOWN_TIMEOUT_MS", "600000")]).await;
    let ada = server.first_admin().await;
    let worker = ada.post("/people", json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" })).await.ok();
    eventually("somebody can be drawn", async || {
        ada.post("/tasks", json!({ "title": "Wait" })).await.body.get("id").cloned()
    })
    .await;
    // Nobody is left to be drawn, so the run for their tasks waits as long as we like.
    let person = format!("/people/{}", worker["id"].as_str().unwrap());
    ada.patch(&person, json!({ "active": false })).await.ok();
    let blocked = async || ada.all("/reassignments").await.into_iter().find(|run| run["status"] == "blocked");
    let run = eventually("the run waits", blocked).await;
    let path = format!("/reassignments/{}/events", run["id"].as_str().unwrap());
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = ada.stream(&path).await;
        assert_eq!(stream.status(), 200);
        let first = stream.chunk().await.unwrap().unwrap();
        assert!(first.starts_with(b"event: progress"));
        streams.push(stream);
    }
    let address = format!("127.0.0.1:{}", server.port());
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();

    assert_eq!(server.end_with(Signal::TERM).await.code(), Some(0));
    for mut stream in streams {
        while let Ok(Some(_)) = stream.chunk().await {}
    }
    drop(idle);
}

#[tokio::test]
async fn two_servers_share_one_data_directory_and_its_postgres_ends_with_the_last() {
    let ground = Ground::new();
    let first = serve(&ground).await;
    let ada = first.first_admin().await;
    add_person(&ground, "wim@example.org", "worker").await;
    let second: Server = serve(&ground).await;
    assert_eq!(second.greeting["first_admin_token"], Value::Null);
    let there = ada.moved_to(&second.api);
    let created = eventually("somebody can be drawn", async || {
        there.post("/tasks", json!({ "title": "Made there" })).await.body.get("id").cloned()
    })
    .await;
    first.kill();
    assert_eq!(there.get(&format!("/tasks/{}", created.as_str().unwrap())).await.ok()["title"], "Made there");
    there.create_task("Made by who is left").await;
    second.stop().await;
    crate::program::verify_holds(&ground.data_dir()).await;
}

//! The end of the program: no process and no file stays, and no client delays it.

use std::io::{Read, Write};
use std::net::TcpStream;

use harness::{assert_verified, create_person, eventually, piecework};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::data_directory::{DataDirectory, is_alive};

#[tokio::test]
async fn a_server_leaves_no_process_and_no_file_however_it_ends() {
    let data = DataDirectory::new();
    for end in [Some(Signal::TERM), Some(Signal::INT), None] {
        let mut server = data.serve().await;
        let port = server.port().to_owned();
        let postgres = data.postgres().pids();
        assert!(postgres.into_iter().all(is_alive));
        match end {
            Some(signal) => assert_eq!(server.end_with(signal).await.code(), Some(0), "after {signal:?}"),
            None => server.kill(),
        }
        let ended = async || (!postgres.into_iter().any(is_alive)).then_some(());
        eventually(&format!("the embedded PostgreSQL ends after {end:?}"), ended).await;
        assert!(!data.postgres().has_pid_file(), "PostgreSQL has not shut down after {end:?}");
        assert_eq!(data.postgres().url("tracker"), None);
        assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_err());
        assert_eq!(entries(&data.path()), ["mail", "postgres"], "after {end:?}");
    }
    // A command that started PostgreSQL stops it as well.
    piecework(&data.path(), &["verify"]).finish().await.ok();
    let ended = async || (!data.postgres().has_pid_file()).then_some(());
    eventually("the embedded PostgreSQL ends with the command", ended).await;
}

fn entries(directory: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_server_that_is_killed_during_its_start_does_not_prevent_the_next_start() {
    let data = DataDirectory::new();
    for moment in ["postgres", "postgres/cluster", "postgres/server"] {
        let mut starting = piecework(&data.path(), &["serve", "--json"]).spawn();
        let path = data.path().join(moment);
        eventually("the start has reached this point", async || path.exists().then_some(())).await;
        starting.kill();
    }
    let mut server = data.serve().await;
    server.first_admin().await;
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_open_streams_and_idle_connections_do_not_delay_a_stop() {
    let data = DataDirectory::new();
    // Requests in progress may delay a stop by up to ten minutes.
    let mut server = data.serve_with(&[("PIECEWORK__HTTP__SHUTDOWN_TIMEOUT_MS", "600000")]).await;
    let ada = server.first_admin().await.api;
    let worker =
        ada.post("/people", &json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" })).await.ok();
    eventually("the pool has a person", async || {
        ada.post("/tasks", &json!({ "title": "Wait" })).await.json.get("id").cloned()
    })
    .await;
    // The pool is empty, so the run that reassigns the tasks stays blocked.
    let person = format!("/people/{}", worker["id"].as_str().unwrap());
    ada.patch(&person, &json!({ "active": false })).await.ok();
    let blocked = async || ada.read_all("/reassignments", 200).await.into_iter().find(|run| run["status"] == "blocked");
    let run = eventually("the run is blocked", blocked).await;
    let path = format!("/reassignments/{}/events", run["id"].as_str().unwrap());
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = ada.request(reqwest::Method::GET, &path).send().await.unwrap();
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
async fn two_servers_share_a_data_directory_and_its_postgresql_stops_with_the_last() {
    let data = DataDirectory::new();
    let mut first = data.serve().await;
    let ada = first.first_admin().await.api;
    create_person(&data.path(), "wim@example.org", "worker").await;
    let second = data.serve().await;
    assert_eq!(second.greeting["first_admin_token"], Value::Null);
    let ada = ada.moved_to(&second.api);
    let created = eventually("the pool has a person", async || {
        ada.post("/tasks", &json!({ "title": "Created at the second" })).await.json.get("id").cloned()
    })
    .await;
    first.kill();
    assert_eq!(ada.get(&format!("/tasks/{}", created.as_str().unwrap())).await.ok()["title"], "Created at the second");
    ada.create_task("Created after the kill").await;
    second.stop().await;
    assert_verified(&data.path()).await;
}

/// The status of `/readyz`.
async fn readiness(server: &harness::Server) -> u16 {
    let request = server.api.request_outside(reqwest::Method::GET, "/readyz");
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_server_that_stops_serves_requests_until_load_balancers_have_noticed() {
    let data = DataDirectory::new();
    let mut server = data.serve_with(&[("PIECEWORK__HTTP__DRAIN_MS", "600000")]).await;
    let ada = server.first_admin().await.api;
    assert_eq!(readiness(&server).await, 200);
    server.signal(Signal::TERM);
    eventually("the server is not ready", async || (readiness(&server).await == 503).then_some(())).await;
    // A new connection, as of a load balancer that has not asked yet.
    let other = harness::Api::anonymous(server.url());
    let login = json!({ "email": "ada@example.org", "password": harness::PASSWORD });
    other.post("/auth/login", &login).await.expect_status(200);
    let wim = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" });
    ada.post("/people", &wim).await.expect_status(201);
    // A person who does not want to wait sends another signal.
    let status = eventually("a later signal ends the server", async || {
        server.signal(Signal::TERM);
        server.ended()
    })
    .await;
    assert_eq!(status.code(), Some(1), "{}", server.log());
    assert!(server.log().contains("a second signal ended the process"), "{}", server.log());
}

#[tokio::test]
async fn two_signals_at_once_are_one_stop() {
    let data = DataDirectory::new();
    let server = data.serve_with(&[("PIECEWORK__HTTP__DRAIN_MS", "100")]).await;
    // Two signals of one kind may arrive as one.
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    assert_eq!(server.end_with(Signal::TERM).await.code(), Some(0));
}

#[tokio::test]
async fn after_the_drain_the_listener_closes_and_a_request_that_has_begun_is_answered() {
    let data = DataDirectory::new();
    let mut server = data.serve_with(&[("PIECEWORK__HTTP__DRAIN_MS", "100")]).await;
    server.first_admin().await;
    let address = format!("127.0.0.1:{}", server.port());
    let body = json!({ "email": "ada@example.org", "password": harness::PASSWORD }).to_string();
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut begun = TcpStream::connect(&address).unwrap();
    begun.write_all(head.as_bytes()).unwrap();
    // The server reads the body now.
    let mut answer = [0; 64];
    let length = begun.read(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 100"), "{:?}", String::from_utf8_lossy(&answer[..length]));

    server.signal(Signal::TERM);
    eventually("the listener closes", async || TcpStream::connect(&address).is_err().then_some(())).await;
    assert!(server.ended().is_none(), "{}", server.log());
    begun.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let status = eventually("the server ends", async || server.ended()).await;
    assert_eq!(status.code(), Some(0), "{}", server.log());
}

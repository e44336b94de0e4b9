//! The embedded PostgreSQL ends by itself or loses its supervisor while `serve` runs.

use harness::{Api, Server, eventually, send};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};

use crate::data_directory::DataDirectory;

async fn is_ready(server: &Server) -> bool {
    // `send` refuses the answer of a process that is not ready, because it is no problem document.
    server.api.request_outside(Method::GET, "/readyz").send().await.unwrap().status() == 200
}

async fn until_ready(server: &Server) {
    eventually("the process is ready", async || is_ready(server).await.then_some(())).await;
}

/// `/readyz` may say 200 until the process has noticed that its database is away.
async fn until_it_answers(api: &Api) {
    eventually("a list is answered", async || (api.get("/tasks").await.status == 200).then_some(())).await;
}

async fn until_another_is_ready(data: &DataDirectory, killed: Pid) {
    eventually("another server is ready", async || ready_postmaster(data).filter(|postmaster| *postmaster != killed))
        .await;
}

/// The process of the server that its supervisor has published as ready.
fn ready_postmaster(data: &DataDirectory) -> Option<Pid> {
    let server = std::fs::read_to_string(data.path().join("postgres/server")).ok()?;
    Pid::from_raw(server.lines().find_map(|line| line.strip_prefix("pid="))?.parse().ok()?)
}

fn kill(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_postgresql_that_is_killed_more_than_five_times_in_a_row_comes_back_while_serve_runs() {
    let data = DataDirectory::new();
    let mut server = data.serve_with(&[("PIECEWORK__TELEMETRY__LOG", "info")]).await;
    let ada = server.first_admin().await.api;
    for _ in 0..6 {
        let killed = ready_postmaster(&data).unwrap();
        kill(killed);
        until_another_is_ready(&data, killed).await;
        until_ready(&server).await;
    }
    until_it_answers(&ada).await;
    let log = server.log();
    assert!(log.contains("the embedded PostgreSQL is away") && log.contains("the next attempt is"), "{log}");
    eventually("the log says that it is back", async || {
        server.log().contains("the embedded PostgreSQL is back").then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn a_postgresql_that_cannot_start_for_a_while_makes_the_process_not_ready_and_comes_back() {
    let data = DataDirectory::new();
    let mut server = data.serve().await;
    let ada = server.first_admin().await.api;
    let [_, postmaster] = data.postgres().pids();
    let (cluster, aside) = (data.path().join("postgres/cluster"), data.root().join("moved"));
    std::fs::rename(&cluster, &aside).unwrap();
    kill(postmaster);
    eventually("the process is not ready", async || (!is_ready(&server).await).then_some(())).await;
    ada.get("/tasks").await.expect_problem(503, "database_unavailable");
    send(server.api.request_outside(Method::GET, "/livez")).await.expect_status(200);
    eventually("the log has the reason", async || server.log().contains("could not access directory").then_some(()))
        .await;
    std::fs::rename(&aside, &cluster).unwrap();
    until_it_answers(&ada).await;
    until_ready(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_postgresql_comes_back_after_it_was_killed_with_its_supervisor() {
    let data = DataDirectory::new();
    let mut server = data.serve().await;
    let ada = server.first_admin().await.api;
    let killed = ready_postmaster(&data).unwrap();
    for pid in data.postgres().pids() {
        kill(pid);
    }
    eventually("the log says it", async || {
        server.log().contains("the supervisor of PostgreSQL has ended").then_some(())
    })
    .await;
    until_another_is_ready(&data, killed).await;
    until_it_answers(&ada).await;
    until_ready(&server).await;
    server.stop().await;
}

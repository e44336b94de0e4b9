//! PostgreSQL that hangs without closing a connection, and has no replicas.

use std::fs;

use harness::{Server, eventually, send};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::data_directory::DataDirectory;

/// PostgreSQL with all of its processes stopped, as by a debugger.
struct Frozen(Vec<Pid>);

impl Frozen {
    /// Stops PostgreSQL first, so that it starts no further process, and then each of its
    /// processes.
    fn stop(data: &DataDirectory) -> Self {
        let [_, postmaster] = data.postgres().pids();
        kill_process(postmaster, Signal::STOP).unwrap();
        let path = format!("/proc/{postmaster}/task/{postmaster}/children");
        let mut pids = vec![postmaster];
        // The list may be incomplete while one of the processes ends, so it is read until it has
        // nothing new.
        loop {
            let children = fs::read_to_string(&path).unwrap();
            let children = children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap());
            let new: Vec<Pid> = children.filter(|pid| !pids.contains(pid)).collect();
            if new.is_empty() {
                return Self(pids);
            }
            for pid in new {
                // It may have ended meanwhile.
                let _ended = kill_process(pid, Signal::STOP);
                pids.push(pid);
            }
        }
    }

    /// Lets every stopped process go on.
    fn resume(self) {
        for pid in self.0 {
            // It may have ended before it could be stopped.
            let _ended = kill_process(pid, Signal::CONT);
        }
    }
}

async fn readiness(server: &Server) -> (u16, Value) {
    // `send` refuses the answer of a process that is not ready, because it is no problem document.
    let answer = server.api.request_outside(Method::GET, "/readyz").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_process_whose_postgresql_is_frozen_is_not_ready_until_it_goes_on() {
    let data = DataDirectory::new();
    let mut server = data.serve().await;
    let ada = server.first_admin().await.api;
    assert_eq!(readiness(&server).await.0, 200);
    let frozen = Frozen::stop(&data);
    // Both databases are on the server; each is found out by a probe of its own.
    eventually("the process knows that neither database answers", async || {
        let (status, found) = readiness(&server).await;
        let is_away = |place: &Value| place["reads"] == false && place["writes"] == false;
        let databases = &found["databases"];
        let places = [&found, &databases["tracker"], &databases["accounting"]];
        (status == 503 && places.into_iter().all(is_away)).then_some(())
    })
    .await;
    // A request that times out while it waits for a connection gets the answer that the database is
    // away, not that it is busy.
    let body = serde_json::json!({ "email": "nobody@example.org", "password": "let me in" });
    let refused = server.api.post("/auth/login", &body).await.expect_problem(503, "database_unavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    send(server.api.request_outside(Method::GET, "/livez")).await.expect_status(200);

    frozen.resume();
    eventually("the process is ready", async || (readiness(&server).await.0 == 200).then_some(())).await;
    ada.get("/tasks").await.expect_status(200);
    server.stop().await;
}

//! A change that one process makes reaches the event streams of all.

use harness::{Company, EventStream, System};
use serde_json::json;

use crate::processes::{Processes, SharedEnvironment};

/// Opens a stream of the manager at each process, requests a run at one of them, and waits until
/// every stream shows it completed.
async fn every_process_streams_a_run(processes: Processes) {
    let company = Company::hire(processes).await;
    company.manager.api.post("/tasks", &json!({ "title": "Count the stock" })).await.expect_status(201);
    let mut streams = Vec::new();
    for number in 0..company.system.servers.len() {
        let manager = company.manager.api.moved_to(&company.system.at(number));
        let mut stream = EventStream::open(&manager, "/events", None).await;
        assert_eq!(stream.next().await.name, "connected");
        streams.push(stream);
    }
    let run = company.manager.api.post_nothing("/reassignments").await.expect_status(202).json;
    for stream in &mut streams {
        loop {
            let event = stream.next_named("run").await;
            assert_eq!(event.data["id"], run["id"]);
            if event.data["status"] == "completed" {
                break;
            }
        }
    }
    drop(streams);
    company.system.settle().await;
    company.system.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_one_of_two_processes_reaches_the_streams_of_both() {
    let Some(environment) = SharedEnvironment::new("event streams of two processes").await else { return };
    every_process_streams_a_run(environment.processes(2).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_forwards_the_event_streams_of_its_clients() {
    let Some(environment) = SharedEnvironment::new("event streams over several services").await else { return };
    every_process_streams_a_run(environment.services().await).await;
}

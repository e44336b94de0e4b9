//! The event stream of a person: what changes for them, and nothing else.

use harness::{Company, EventStream, complete_path};
use serde_json::{Value, json};

/// The caller's open tasks and the lines of their wallet.
async fn totals(api: &harness::Api) -> (Value, Value) {
    let open = api.read_all("/tasks?assignee=me&status=open", 200).await.len();
    (json!(open), json!(api.read_all("/wallets/me/transfers", 200).await.len()))
}

#[tokio::test]
async fn a_stream_shows_the_changes_of_the_caller_and_of_nobody_else() {
    let company = Company::new().await;
    let mut streams = Vec::new();
    for person in [&company.worker, &company.accountant] {
        let mut stream = EventStream::open(&person.api, "/events", None).await;
        let first = stream.next().await;
        assert_eq!((first.name.as_str(), &first.data), ("connected", &json!({ "resumed": false })));
        streams.push((stream, first.id));
    }
    let task = company.create("Sweep the floor").await;
    let number = usize::from(task["assignee"]["id"] == *company.accountant.id);
    let (mut stream, first_id) = streams.swap_remove(number);
    let (mut other, other_id) = streams.remove(0);
    let assignee = company.assignee(&task);

    let tasks = stream.next_named("tasks").await;
    assert_eq!(tasks.data["open"], 1);
    assert_ne!(tasks.id, first_id);
    assert_eq!(stream.next_named("wallet").await.data["lines"], 1);
    assignee.api.post_nothing(&complete_path(&task)).await.expect_status(200);
    let mut last = (Value::Null, Value::Null);
    while last != (json!(0), json!(2)) {
        let event = stream.next().await;
        match event.name.as_str() {
            "tasks" => last.0 = event.data["open"].clone(),
            "wallet" => last.1 = event.data["lines"].clone(),
            name => panic!("an event {name}"),
        }
        let position = event.data["position"].as_str().unwrap();
        let read = assignee.api.request(reqwest::Method::GET, "/me").header("x-piecework-position", position);
        harness::send(read).await.expect_status(200);
    }
    assert_eq!(totals(&assignee.api).await, last);

    // The other person's first event is about a task of their own.
    let task = loop {
        let task = company.create("Wash the dishes").await;
        if task["assignee"]["id"] != *assignee.id {
            break task;
        }
        company.complete(&task).await;
    };
    let event = other.next().await;
    assert_ne!(event.id, other_id);
    assert_eq!(totals(&company.assignee(&task).api).await.0, 1);
    assert!(event.data["open"] == 1 || event.data["lines"] == 1, "{event:?}");
    company.finish().await;
}

#[tokio::test]
async fn a_stream_resumes_with_what_has_changed_since_the_last_event() {
    let company = Company::new().await;
    let manager = &company.manager.api;
    let seen = EventStream::open(manager, "/events", None).await.next().await.id;
    let unchanged = EventStream::open(manager, "/events", Some(&seen)).await.next().await;
    assert_eq!((unchanged.id, unchanged.data), (seen.clone(), json!({ "resumed": true })));

    company.create("Paint the fence").await;
    let run = manager.post_nothing("/reassignments").await.expect_status(202).json;
    company.system.finish_runs(&company.manager).await;
    let mut resumed = EventStream::open(manager, "/events", Some(&seen)).await;
    assert_eq!(resumed.next().await.data, json!({ "resumed": true }));
    let event = resumed.next().await;
    assert_eq!(
        (event.name.as_str(), &event.data["id"], &event.data["status"]),
        ("run", &run["id"], &json!("completed"))
    );
    assert_eq!(
        (&event.data["total"], &event.data["done"], &event.data["reassigned"]),
        (&json!(1), &json!(1), &json!(1))
    );

    // Neither a worker nor a client that has seen the run gets it.
    let mut again = EventStream::open(manager, "/events", Some(&event.id)).await;
    assert_eq!(again.next().await.id, event.id);
    let worker = EventStream::open(&company.worker.api, "/events", Some("0.0.0")).await.next().await;
    assert!(worker.id.ends_with(".0"), "{worker:?}");
    let unknown = EventStream::open(manager, "/events", Some("yesterday")).await.next().await;
    assert_eq!(unknown.data, json!({ "resumed": false }));
    company.finish().await;
}

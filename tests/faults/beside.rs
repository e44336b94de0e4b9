//! Commands beside a running server and without one: people and dead letters.

use harness::eventually;
use serde_json::{Value, json};
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::ground::Ground;
use crate::program::{ADMIN, PASSWORD, add_person, piecework, serve, verify_holds};

#[tokio::test]
async fn people_are_added_with_and_without_a_server_and_with_and_without_a_password() {
    let ground = Ground::new();
    let add = async |email: &str, role: &str, input: &str| {
        let arguments = ["people", "add", "--json", "--email", email, "--name", "Some Body", "--role", role];
        piecework(&ground.data_dir(), &arguments).input(input).finish().await
    };
    // Without a server. Only the first line is the password.
    let ada = add(ADMIN, "admin", &format!("{PASSWORD}\r\nand more\n")).await.json();
    assert_eq!(
        (&ada["email"], &ada["role"], &ada["set_password_token"]),
        (&json!(ADMIN), &json!("admin"), &Value::Null)
    );

    let server = serve(&ground).await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null);
    let admin = server.api.log_in(ADMIN).await;
    assert_eq!(admin.get("/me").await.ok()["id"], ada["id"]);
    // Beside one.
    let wim = add("wim@example.org", "worker", "").await.json();
    let link = json!({ "token": wim["set_password_token"], "password": PASSWORD });
    assert_eq!(server.api.post("/auth/set-password", link.clone()).await.ok()["id"], wim["id"]);
    assert_eq!(server.api.post("/auth/set-password", link).await.code(), "identity.link_used");
    let worker = server.api.log_in("wim@example.org").await;
    // The command has waited until everybody knows of Wim.
    worker.create_task("Fix the door").await;

    for (email, role, input, reason) in [
        ("WIM@example.org", "worker", "", "has this e-mail address already"),
        ("no address", "worker", "", "email"),
        ("new@example.org", "worker", "short\n", "password"),
    ] {
        let complaints = add(email, role, input).await.failed(1);
        assert!(complaints.contains(reason), "{email} is not refused for {reason}: {complaints}");
    }
    assert!(add("new@example.org", "king", "").await.failed(2).contains("king"));
    assert_eq!(admin.all("/people").await.len(), 2);
    server.stop().await;
    // For people to read: where to go with the link.
    let arguments = ["people", "add", "--email", "cem@example.org", "--name", "Cem", "--role", "worker"];
    let text = piecework(&ground.data_dir(), &arguments).finish().await.ok();
    assert!(text.contains("Added Cem") && text.contains("/api/v1/auth/set-password"), "{text}");
    verify_holds(&ground.data_dir()).await;
}

#[tokio::test]
async fn parked_events_are_listed_retried_and_discarded() {
    let ground = Ground::new();
    add_person(&ground, "ann@example.org", "worker").await;
    let server = serve(&ground).await;
    let ann = server.api.log_in("ann@example.org").await;
    let events =
        async |arguments: &[&str]| piecework(&ground.data_dir(), &[&["events"], arguments].concat()).finish().await;
    assert!(events(&["parked"]).await.ok().contains("No event is parked."));
    assert_eq!(events(&["parked", "--json"]).await.ok(), "");

    // Two that accounting cannot read, and one that comes after them.
    let mut tracker = ground.postgres().connect("tracker").await;
    let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for id in ids {
        put_unreadable_event(&mut tracker, id).await;
    }
    let task = ann.create_task("Others go on").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    eventually("the next event is applied", async || ann.get(&path).await.ok()["price"].is_object().then_some(()))
        .await;
    let listed = async || {
        let listed = events(&["parked", "--json"]).await.ok();
        let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (listed.len() == 2).then_some(listed)
    };
    let listed = eventually("both are parked", listed).await;
    assert_eq!((&listed[0]["event_id"], &listed[0]["subscriber"]), (&json!(ids[0]), &json!("accounting")));
    assert!(listed[0]["last_error"].as_str().unwrap().contains("missing field `tasks`"), "{listed:?}");
    let report = piecework(&ground.data_dir(), &["verify", "--json"]).finish().await.json();
    assert_eq!((&report["events_in_flight"], &report["events_parked"]), (&json!(2), &json!(2)));

    let [first, second] = ids.map(|id| id.to_string());
    // In vain: it is parked again.
    assert!(events(&["retry", &first]).await.ok().contains("retried: accounting"));
    let again = async || events(&["parked"]).await.ok().contains(&first).then_some(());
    eventually("it is parked again", again).await;
    // Mended: it is applied.
    let mut accounting = ground.postgres().connect("accounting").await;
    let mend = "update accounting.inbox set event = jsonb_set(event::jsonb, '{data}', '{\"tasks\": []}')::json where event_id = $1";
    sqlx::query(mend).bind(ids[0]).execute(&mut accounting).await.unwrap();
    events(&["retry", &first]).await.ok();
    let left = async || (!events(&["parked"]).await.ok().contains(&first)).then_some(());
    eventually("it is applied", left).await;

    let unknown = Uuid::from_u128(3).to_string();
    assert!(events(&["retry", &first, &unknown]).await.failed(1).contains(&unknown), "neither is parked");
    assert!(events(&["discard", &second, "--reason", "   "]).await.failed(2).contains("reason"));
    events(&["discard", &second]).await.failed(2);
    events(&["retry", "no id"]).await.failed(2);
    events(&["discard", &second, "--reason", "it was a test"]).await.ok();
    assert!(events(&["discard", &second, "--reason", "again"]).await.failed(1).contains(&second));
    assert!(events(&["parked"]).await.ok().contains("No event is parked."));
    let kept: (String, String) =
        sqlx::query_as("select state, discard_reason from accounting.inbox where event_id = $1")
            .bind(ids[1])
            .fetch_one(&mut accounting)
            .await
            .unwrap();
    assert_eq!(kept, ("discarded".to_owned(), "it was a test".to_owned()));
    server.stop().await;
    verify_holds(&ground.data_dir()).await;
}

async fn put_unreadable_event(tracker: &mut PgConnection, id: Uuid) {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/piecework/tasks", "type": "piecework.tasks.created.v1",
        "time": "2026-11-02T09:00:00Z", "datacontenttype": "application/json", "data": {},
    });
    let statement = sqlx::query("insert into tasks.outbox (event_id, weight, event) values ($1, 1, $2)");
    tracker.execute(statement.bind(id).bind(sqlx::types::Json(event))).await.unwrap();
}

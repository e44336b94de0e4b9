//! The commands for people and parked events, with a running server and without one.

use harness::{PASSWORD, assert_verified, create_person, eventually, piecework};
use serde_json::{Value, json};
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn people_are_created_with_and_without_a_server_and_with_and_without_a_password() {
    let data = DataDirectory::new();
    let add = async |email: &str, role: &str, input: &str| {
        let arguments = ["people", "add", "--json", "--email", email, "--name", "Some Body", "--role", role];
        piecework(&data.path(), &arguments).input(input).finish().await
    };
    // No server runs. Only the first line is the password.
    let ada = add("ada@example.org", "admin", &format!("{PASSWORD}\r\nand more\n")).await.json();
    assert_eq!(
        (&ada["email"], &ada["role"], &ada["set_password_token"]),
        (&json!("ada@example.org"), &json!("admin"), &Value::Null)
    );

    let server = data.serve().await;
    assert_eq!(server.greeting["first_admin_token"], Value::Null);
    let admin = server.api.login("ada@example.org", PASSWORD).await;
    assert_eq!(admin.get("/me").await.ok()["id"], ada["id"]);
    // A server runs.
    let wim = add("wim@example.org", "worker", "").await.json();
    let link = json!({ "token": wim["set_password_token"], "password": PASSWORD });
    assert_eq!(server.api.post("/auth/set-password", &link).await.ok()["id"], wim["id"]);
    assert_eq!(server.api.post("/auth/set-password", &link).await.code(), "identity.link_used");
    let worker = server.api.login("wim@example.org", PASSWORD).await;
    // The command has waited until all modules know Wim.
    worker.create_task("Fix the door").await;

    for (email, role, input, reason) in [
        ("WIM@example.org", "worker", "", "has this e-mail address"),
        ("no address", "worker", "", "email"),
        ("new@example.org", "worker", "short\n", "/password: a password is 8 to 1024 characters"),
        ("new@example.org", "worker", "12345678\n", "/password: this password is on the list"),
        ("new@example.org", "worker", "         \n", "/password: a password has visible characters"),
        ("new@example.org", "worker", "Some Body\n", "/password: a password is neither"),
    ] {
        let errors = add(email, role, input).await.failed(1);
        assert!(errors.contains(reason), "{email} is not refused for {reason}: {errors}");
    }
    assert!(add("new@example.org", "king", "").await.failed(2).contains("king"));
    assert_eq!(admin.read_all("/people", 200).await.len(), 2);
    server.stop().await;
    // Without --json, the output has the URL at which to use the link.
    let arguments = ["people", "add", "--email", "cem@example.org", "--name", "Cem", "--role", "worker"];
    let text = piecework(&data.path(), &arguments).finish().await.ok();
    assert!(text.contains("Added Cem") && text.contains("/set-password#token="), "{text}");
    assert_verified(&data.path()).await;
}

#[tokio::test]
async fn parked_events_are_listed_retried_and_discarded() {
    let data = DataDirectory::new();
    create_person(&data.path(), "ann@example.org", "worker").await;
    let server = data.serve().await;
    let ann = server.api.login("ann@example.org", PASSWORD).await;
    let events = async |arguments: &[&str]| piecework(&data.path(), &[&["events"], arguments].concat()).finish().await;
    assert!(events(&["parked"]).await.ok().contains("No event is parked."));
    assert_eq!(events(&["parked", "--json"]).await.ok(), "");

    // Two events that accounting cannot read, and a valid one after them.
    let mut tracker = data.postgres().connect("tracker").await;
    let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    for id in ids {
        insert_unreadable_event(&mut tracker, id).await;
    }
    let task = ann.create_task("Valid").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    eventually("the valid event is applied", async || ann.get(&path).await.ok()["price"].is_object().then_some(()))
        .await;
    let listed = async || {
        let listed = events(&["parked", "--json"]).await.ok();
        let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (listed.len() == 2).then_some(listed)
    };
    let listed = eventually("both events are parked", listed).await;
    assert_eq!((&listed[0]["id"], &listed[0]["module"]), (&json!(ids[0]), &json!("accounting")));
    assert!(listed[0]["last_error"].as_str().unwrap().contains("missing field `tasks`"), "{listed:?}");
    let report = piecework(&data.path(), &["verify", "--json"]).finish().await.json();
    assert_eq!((&report["events_in_flight"], &report["events_parked"]), (&json!(2), &json!(2)));

    let [first, second] = ids.map(|id| id.to_string());
    // A retry of the unchanged event fails.
    assert!(events(&["retry", &first]).await.ok().contains("retried: accounting"));
    let again = async || events(&["parked"]).await.ok().contains(&first).then_some(());
    eventually("it is parked again", again).await;
    // A retry of the repaired event succeeds.
    let mut accounting = data.postgres().connect("accounting").await;
    let repair = "update accounting.inbox set event = jsonb_set(event::jsonb, '{data}', '{\"tasks\": []}')::json where event_id = $1";
    sqlx::query(repair).bind(ids[0]).execute(&mut accounting).await.unwrap();
    events(&["retry", &first]).await.ok();
    let applied = async || (!events(&["parked"]).await.ok().contains(&first)).then_some(());
    eventually("it is applied", applied).await;

    let unknown = Uuid::from_u128(3).to_string();
    assert!(events(&["retry", &first, &unknown]).await.failed(1).contains(&unknown), "one of the two ids is unknown");
    assert!(events(&["discard", &second, "--reason", "   "]).await.failed(2).contains("reason"));
    events(&["discard", &second]).await.failed(2);
    events(&["retry", "no id"]).await.failed(2);
    events(&["discard", &second, "--reason", "it was a test"]).await.ok();
    assert!(events(&["discard", &second, "--reason", "again"]).await.failed(1).contains(&second));
    assert!(events(&["parked"]).await.ok().contains("No event is parked."));
    let discarded: (String, String) =
        sqlx::query_as("select state, discard_reason from accounting.inbox where event_id = $1")
            .bind(ids[1])
            .fetch_one(&mut accounting)
            .await
            .unwrap();
    assert_eq!(discarded, ("discarded".to_owned(), "it was a test".to_owned()));
    server.stop().await;
    assert_verified(&data.path()).await;
}

async fn insert_unreadable_event(tracker: &mut PgConnection, id: Uuid) {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/piecework/tasks", "type": "piecework.tasks.created.v1",
        "time": "2026-11-02T09:00:00Z", "datacontenttype": "application/json", "data": {},
    });
    let statement = sqlx::query("insert into tasks.outbox (event_id, weight, event) values ($1, 1, $2)");
    tracker.execute(statement.bind(id).bind(sqlx::types::Json(event))).await.unwrap();
}

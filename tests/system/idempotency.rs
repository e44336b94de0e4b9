//! `Idempotency-Key`: a request that is sent again with its key takes effect once and has the same
//! answer.

use std::collections::BTreeSet;

use harness::{Answer, Api, Company, PASSWORD, System, complete_path, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::permissions::operations;

/// The headers of an answer that a repetition has too.
const HEADERS: [&str; 4] = ["content-type", "location", "cache-control", "content-length"];
/// The routes that take no key: they begin and end sessions, a one-time link is used once, and who
/// has forgotten a password is not known.
const WITHOUT_KEY: [&str; 5] =
    ["/auth/login", "/auth/logout", "/auth/password-reset", "/auth/refresh", "/auth/set-password"];
/// The key of the order lock of tasks.
const ORDER_LOCK: i64 = 0x7A5C_0001;

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// Sends a request twice with one key. Asserts that both have the same answer, which must be a
/// success, and that only the second one is marked. `path` has the form of the API document.
async fn twice(covered: &mut BTreeSet<String>, api: &Api, path: &str, ids: &[&str], body: &Value) -> Value {
    let (mut concrete, key) = (path.to_owned(), format!("key of {path}").replace(' ', "-"));
    for id in ids {
        let (before, rest) = concrete.split_once('{').unwrap();
        concrete = format!("{before}{id}{}", rest.split_once('}').unwrap().1);
    }
    let first = api.post_keyed(&key, &concrete, body).await;
    assert!((200..300).contains(&first.status) && !is_replayed(&first), "{path}: {first:?}");
    let second = api.post_keyed(&key, &concrete, body).await;
    assert!(is_replayed(&second), "{path}: {second:?}");
    assert_eq!((second.status, &second.text), (first.status, &first.text), "{path}");
    for header in HEADERS {
        assert_eq!(second.header(header), first.header(header), "{path}: {header}");
    }
    covered.insert(path.to_owned());
    first.json
}

/// Sends a request twice with one key. Asserts that it takes effect, and that its answer, a secret,
/// is not given again.
async fn refused_again(covered: &mut BTreeSet<String>, api: &Api, path: &str, id: &str, body: &Value) {
    let concrete = path.replace("{id}", id);
    api.post_keyed("secret", &concrete, body).await.expect_status(201);
    api.post_keyed("secret", &concrete, body).await.expect_problem(409, "idempotency_answer_secret");
    covered.insert(path.to_owned());
}

/// Parks an event that accounting can apply when it is retried.
async fn park(accounting: &mut PgConnection, number: u128) -> String {
    let id = uuid::Uuid::from_u128(number);
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/piecework/tasks", "type": "piecework.tasks.created.v1",
        "time": "2026-11-02T09:00:00Z", "datacontenttype": "application/json", "data": { "tasks": [] },
    });
    let park = "insert into accounting.inbox (event_id, event_type, state, received_at, last_error, event)
        values ($1, 'piecework.tasks.created.v1', 'parked', now(), 'the test parked it', $2)";
    sqlx::query(park).bind(id).bind(event).execute(accounting).await.unwrap();
    id.to_string()
}

/// Reverses all fees of a person, so that a reward is left to pay out.
async fn reverse_fees(covered: &mut BTreeSet<String>, accountant: &Api, lines: &[Value]) {
    let correction = |fee: &Value| json!({ "transfer_id": fee["id"], "reason": "A mistake" });
    let mut fees = lines.iter().filter(|line| line["kind"] == "assignment_fee").map(correction);
    twice(covered, accountant, "/corrections", &[], &fees.next().unwrap()).await;
    for fee in fees {
        accountant.post("/corrections", &fee).await.expect_status(201);
    }
}

#[tokio::test]
async fn each_route_that_takes_a_key_gives_its_answer_again_byte_for_byte_and_takes_effect_once() {
    let company = Company::new().await;
    let Company { system, admin, manager, accountant, .. } = &company;
    let covered = &mut BTreeSet::new();
    // Tasks: single ones and several.
    let task = twice(covered, &manager.api, "/tasks", &[], &json!({ "title": "[A-1] Fix “it”" })).await;
    let several = json!({ "tasks": [{ "title": "One" }, { "title": "[A-2] Two", "description": "a\nb" }] });
    let several = twice(covered, &manager.api, "/tasks/batch", &[], &several).await["items"].clone();
    system.settle().await;
    assert_eq!(manager.api.read_all("/tasks", 200).await.len(), 3);
    let assignee = company.assignee(&task);
    twice(covered, &assignee.api, "/tasks/{id}/complete", &[task["id"].as_str().unwrap()], &Value::Null).await;
    let ids: Vec<&Value> = several.as_array().unwrap().iter().map(|task| &task["id"]).collect();
    twice(covered, &assignee.api, "/tasks/complete-batch", &[], &json!({ "task_ids": ids })).await;
    twice(covered, &manager.api, "/reassignments", &[], &Value::Null).await;
    assert_eq!(manager.api.read_all("/reassignments", 200).await.len(), 1);
    system.finish_runs(manager).await;
    // Money.
    let lines = assignee.api.read_all("/wallets/me/transfers", 200).await;
    reverse_fees(covered, &accountant.api, &lines).await;
    twice(covered, &accountant.api, "/days/{date}/close", &["2026-11-02"], &Value::Null).await;
    // Mail.
    let sent = async || admin.api.read_all("/admin/emails?status=sent", 200).await.first().cloned();
    let mail = eventually("a payout is mailed", sent).await;
    twice(covered, &admin.api, "/admin/emails/{id}/resend", &[mail["id"].as_str().unwrap()], &Value::Null).await;
    twice(covered, &admin.api, "/admin/emails/resend", &[], &Value::Null).await;
    // People.
    let person = json!({ "email": "new@example.org", "name": "New", "role": "worker", "password": PASSWORD });
    let person = twice(covered, &admin.api, "/people", &[], &person).await;
    let people = json!({ "people": [{ "email": "newer@example.org", "name": "Newer", "role": "worker" }] });
    let added = twice(covered, &admin.api, "/people/batch", &[], &people).await;
    assert_eq!(added, json!({ "added": 1, "skipped": 0, "kept": [] }));
    assert_eq!(admin.api.read_all("/people", 200).await.len(), 6);
    // Parked events.
    let mut database = system.environment.accounting.connect().await;
    let (first, second) = (park(&mut database, 1).await, park(&mut database, 2).await);
    let parked = "/admin/modules/{module}/parked-events/{id}";
    twice(covered, &admin.api, &format!("{parked}/retry"), &["accounting", &first], &Value::Null).await;
    let reason = json!({ "reason": "A test" });
    twice(covered, &admin.api, &format!("{parked}/discard"), &["accounting", &second], &reason).await;
    // Passwords.
    twice(covered, &admin.api, "/people/{id}/invitation", &[person["id"].as_str().unwrap()], &Value::Null).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another long password" });
    twice(covered, &manager.api, "/me/password", &[], &change).await;
    // The answers to these are secret.
    let token = json!({ "name": "Report", "scopes": ["read"], "expires_at": "2026-11-20T00:00:00Z" });
    refused_again(covered, &admin.api, "/me/tokens", "", &token).await;
    assert_eq!(admin.api.read_all("/me/tokens", 200).await.len(), 1);
    let person = person["id"].as_str().unwrap();
    refused_again(covered, &admin.api, "/people/{id}/set-password-links", person, &Value::Null).await;

    let posts: Vec<_> =
        operations(&system.api).await.into_iter().filter(|operation| operation.method == Method::POST).collect();
    let takes_key =
        posts.iter().filter(|post| post.parameters("header").iter().any(|header| header["name"] == "Idempotency-Key"));
    let takes_key: BTreeSet<String> = takes_key.map(|post| post.path.clone()).collect();
    assert_eq!(*covered, takes_key, "this test covers each route that takes a key");
    let without: Vec<&str> =
        posts.iter().map(|post| post.path.as_str()).filter(|path| !takes_key.contains(*path)).collect();
    assert_eq!(without, WITHOUT_KEY);
    for path in WITHOUT_KEY {
        let refused = admin.api.post_keyed("key", path, &json!({})).await.expect_problem(400, "malformed_request");
        assert_eq!(refused.json["errors"][0]["pointer"], "Idempotency-Key");
    }
    company.finish().await;
}

#[tokio::test]
async fn a_one_time_link_is_not_stored_and_its_answer_is_not_given_again() {
    let company = Company::new().await;
    let admin = &company.admin.api;
    let body = json!({ "email": "new@example.org", "name": "New", "role": "worker" });
    let created = admin.post_keyed("new", "/people", &body).await.expect_status(201);
    let again = admin.post_keyed("new", "/people", &body).await.expect_problem(409, "idempotency_answer_secret");
    assert_eq!(again.json["current"]["location"].as_str(), created.header("location"));
    assert!(!is_replayed(&again), "{again:?}");
    // The link of the first answer is still valid.
    let token = created.json["set_password_token"].as_str().unwrap();
    let stored = "select count(*) from identity.idempotency_keys where body is not null";
    let mut tracker = company.system.environment.tracker.connect().await;
    let stored: i64 = sqlx::query_scalar(stored).fetch_one(&mut tracker).await.unwrap();
    assert_eq!(stored, 0);
    let used = json!({ "token": token, "password": PASSWORD });
    company.system.api.post("/auth/set-password", &used).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_and_belongs_to_one_person_and_one_route() {
    let company = Company::new().await;
    let (worker, manager) = (&company.worker.api, &company.manager.api);
    let body = json!({ "title": "Fix the door" });
    let first = worker.post_keyed("key", "/tasks", &body).await.expect_status(201);
    let other = json!({ "title": "Paint the door" });
    worker.post_keyed("key", "/tasks", &other).await.expect_problem(422, "idempotency_key_reused");
    let again = worker.post_keyed("\"key\"", "/tasks", &body).await.expect_status(201);
    assert!(is_replayed(&again) && again.text == first.text, "the key in quotes is the same: {again:?}");
    let of_manager = manager.post_keyed("key", "/tasks", &body).await.expect_status(201);
    let batch = worker.post_keyed("key", "/tasks/batch", &json!({ "tasks": [body] })).await.expect_status(201);
    let other_key = worker.post_keyed("Key", "/tasks", &body).await.expect_status(201);
    for answer in [&of_manager, &batch, &other_key] {
        assert!(!is_replayed(answer), "{answer:?}");
    }
    company.system.settle().await;
    assert_eq!(worker.read_all("/tasks", 200).await.len(), 4);
    let runs = ["/reassignments", "/reassignments"].map(|path| manager.post_keyed("key", path, &Value::Null));
    for run in runs {
        run.await.expect_status(202);
    }
    company.system.finish_runs(&company.manager).await;
    company.finish().await;
}

#[tokio::test]
async fn a_request_is_refused_at_once_while_a_request_with_its_key_is_in_flight() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let mut tracker = company.system.environment.tracker.connect().await;
    sqlx::query("select pg_advisory_lock($1)").bind(ORDER_LOCK).execute(&mut tracker).await.unwrap();
    let body = json!({ "title": "Fix the door" });
    let first = tokio::spawn({
        let (worker, body) = (worker.clone(), body.clone());
        async move { worker.post_keyed("key", "/tasks", &body).await }
    });
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())";
    eventually("the first request waits", async || {
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut tracker).await.unwrap();
        (waiting == 1).then_some(())
    })
    .await;
    for body in [&body, &json!({ "title": "Another body" })] {
        let refused = worker.post_keyed("key", "/tasks", body).await.expect_problem(409, "idempotency_key_in_use");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    sqlx::query("select pg_advisory_unlock($1)").bind(ORDER_LOCK).execute(&mut tracker).await.unwrap();
    let first = first.await.unwrap().expect_status(201);
    let again = worker.post_keyed("key", "/tasks", &body).await.expect_status(201);
    assert!(is_replayed(&again) && again.text == first.text, "{again:?}");
    assert_eq!(worker.read_all("/tasks", 200).await.len(), 1);
    company.finish().await;
}

#[tokio::test]
async fn a_refused_command_is_not_stored_so_a_repetition_tries_again() {
    let mut company = Company::new().await;
    let path = "/days/2026-11-03/close";
    for _ in 0..2 {
        let refused = company.accountant.api.post_keyed("key", path, &Value::Null).await;
        assert!(!is_replayed(&refused.expect_problem(422, "accounting.day_not_begun")));
    }
    company.next_morning("2026-11-03").await;
    let closed = company.accountant.api.post_keyed("key", path, &Value::Null).await.expect_status(200);
    let again = company.accountant.api.post_keyed("key", path, &Value::Null).await.expect_status(200);
    assert!(!is_replayed(&closed) && is_replayed(&again) && again.text == closed.text, "{again:?}");
    // Without the key, the day is closed already.
    company.accountant.api.post_nothing(path).await.expect_problem(409, "accounting.day_already_closed");
    company.finish().await;
}

#[tokio::test]
async fn a_repetition_needs_the_permission_and_a_valid_key() {
    let company = Company::new().await;
    let manager = &company.manager.api;
    manager.post_keyed("key", "/reassignments", &Value::Null).await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    company.worker.api.post_keyed("key", "/reassignments", &Value::Null).await.expect_problem(403, "forbidden");
    company.system.api.post_keyed("key", "/reassignments", &Value::Null).await.expect_problem(401, "not_authenticated");
    let longest = "k".repeat(255);
    for key in ["a b", "\"a", &format!("{longest}k")] {
        let refused = manager.post_keyed(key, "/tasks", &json!({ "title": "a" })).await;
        let refused = refused.expect_problem(400, "malformed_request");
        assert_eq!(refused.json["errors"][0]["pointer"], "Idempotency-Key", "{refused:?}");
    }
    let twice = manager.request(Method::POST, "/tasks").header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    send(twice.json(&json!({ "title": "a" }))).await.expect_problem(400, "malformed_request");
    manager.post_keyed(&longest, "/tasks", &json!({ "title": "a" })).await.expect_status(201);
    company.finish().await;
}

#[tokio::test]
async fn t5_the_person_who_completed_a_task_may_repeat_the_request_with_and_without_a_key() {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    let (assignee, path) = (company.assignee(&task), complete_path(&task));
    let first = assignee.api.post_keyed("key", &path, &Value::Null).await.expect_status(200);
    company.system.settle().await;
    let with_key = assignee.api.post_keyed("key", &path, &Value::Null).await.expect_status(200);
    let with_other_key = assignee.api.post_keyed("other", &path, &Value::Null).await.expect_status(200);
    let without_key = assignee.api.post_nothing(&path).await.expect_status(200);
    for answer in [&with_key, &with_other_key, &without_key] {
        assert_eq!(answer.text, first.text, "{answer:?}");
    }
    assert!(is_replayed(&with_key) && !is_replayed(&with_other_key) && !is_replayed(&without_key));
    company.system.settle().await;
    let lines = assignee.api.read_all("/wallets/me/transfers", 200).await;
    assert_eq!(lines.iter().filter(|line| line["kind"] == "completion_reward").count(), 1);
    company.finish().await;
}

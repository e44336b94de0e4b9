//! Bad input, thrown at every operation of the document: never a 5xx, always a problem document, and nothing changed.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use crate::api::{Answer, send};
use crate::permissions::{Operation, operations};
use crate::support::Company;

const TRACKER_ROWS: &str = "
    select array[
        (select count(*) from tasks.tasks),
        (select count(*) from tasks.completed_tasks),
        (select count(*) from tasks.assignments),
        (select count(*) from tasks.reassignments),
        (select sum(version) from identity.people)::bigint,
        (select count(*) from identity.links)
    ]";
const ACCOUNTING_ROWS: &str = "
    select array[
        (select count(*) from accounting.transfers),
        (select count(*) from accounting.prices),
        (select count(*) from accounting.days),
        (select count(*) from email.mails),
        (select sum(balance_minor) from accounting.wallets)::bigint
    ]";

/// Text that has broken something somewhere.
fn nasty_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{7}",
        "a\r\nSet-Cookie: x",
        "\u{202e}",
        "\u{feff}",
        "null",
        "NaN",
        "Infinity",
        "-1",
        "0",
        "201",
        "1e999",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1.5",
        "true",
        "' or 1=1 --",
        "%",
        "_",
        "\\",
        "{}",
        "[]",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "<script>",
        "\u{1f600}",
        "-9999-01-01",
        "+262142-12-31",
        "-262143-01-01",
        "2999-12-31",
        "1970-01-01",
        "0000-00-00",
        "2026-02-30",
        "2026-11-02T09:00:00Z",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "me",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(5_000));
    texts.extend(forged_cursors());
    texts
}

/// Cursors that no list gave out, or another did.
fn forged_cursors() -> Vec<String> {
    let keys = [
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e999",
        "-1",
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"2999-12-31\"",
        "\"1970-01-01\"",
        "\"-9999-01-01\"",
        "\"+262142-12-31\"",
        "2147483647",
        "2147483648",
        "\"00000000-0000-0000-0000-000000000000\"",
        "\"ffffffff-ffff-ffff-ffff-ffffffffffff\"",
        "[\"+262142-12-31\",\"00000000-0000-0000-0000-000000000000\"]",
        "[\"2026-11-02\",\"ffffffff-ffff-ffff-ffff-ffffffffffff\"]",
        "[\"00000000-0000-0000-0000-000000000000\",\"\\u0000\"]",
    ];
    keys.into_iter().map(base64_url).collect()
}

fn base64_url(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let letter = |sextet: &[u8]| {
        let padded = format!("{:0<6}", std::str::from_utf8(sextet).unwrap());
        char::from(LETTERS[usize::from_str_radix(&padded, 2).unwrap()])
    };
    bits.as_bytes().chunks(6).map(letter).collect()
}

/// Everything but unreserved letters as percent and two digits.
fn percent(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

/// Values of a field as they are written in JSON.
fn nasty_fields() -> Vec<String> {
    let written = [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e999",
        "-1e-999",
        "99999999999999999999999999",
        "[]",
        "{}",
        "[[]]",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u0000""#,
        r#""\u0007""#,
        "NaN",
        "'x'",
        r#"{"$ne": null}"#,
    ];
    let mut fields: Vec<String> = written.map(str::to_owned).into();
    fields.extend(nasty_texts().iter().map(|text| json!(text).to_string()));
    fields.push(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    fields
}

/// Whole bodies that are not what any operation takes.
fn nasty_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "[null]",
        "[1,2,3,4]",
        "{",
        "}",
        "{}{}",
        "{\"a\":1}",
        "{\"\":{}}",
        "{,}",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"reason\":\"a\",\"reason\":\"b\"}",
        "\u{feff}{}",
        "{} x",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(vec![0xff, 0xfe, 0x00]);
    bodies.push(b"{\"title\":\"\xff\xfe\"}".to_vec());
    bodies.push(vec![0; 100]);
    bodies.push("[".repeat(60_000).into_bytes());
    bodies.push("{\"a\":".repeat(12_000).into_bytes());
    bodies
}

/// A body that the operation understands, for its fields to be spoilt one by one.
fn good_body(operation: &Operation) -> Option<BTreeMap<&'static str, Value>> {
    let nothing = "00000000-0000-7000-8000-000000000000";
    let body = match (operation.method.as_str(), operation.path.as_str()) {
        ("POST", "/tasks") => {
            vec![
                ("title", json!("Fix")),
                ("reference", json!("A-1")),
                ("description", json!("x")),
                ("link", json!(null)),
            ]
        }
        ("POST", "/people") => vec![
            ("email", json!("ada@example.org")),
            ("name", json!("Ada")),
            ("role", json!("worker")),
            ("language", json!("en")),
            ("password", json!(null)),
        ],
        ("PATCH", "/people/{id}") => {
            vec![("name", json!("Ada")), ("role", json!("worker")), ("active", json!(true)), ("language", json!("ru"))]
        }
        ("POST", "/auth/login") => vec![("email", json!("nobody@example.org")), ("password", json!("wrong password"))],
        ("POST", "/auth/refresh") => vec![("refresh_token", json!("none"))],
        ("POST", "/auth/set-password") => vec![
            ("token", json!("none")),
            ("password", json!("long enough")),
            ("name", json!("Ada")),
            ("email", json!("ada@example.org")),
        ],
        ("POST", "/corrections") => vec![("transfer_id", json!(nothing)), ("reason", json!("A mistake"))],
        ("POST", "/admin/events/parked/{id}/discard") => vec![("reason", json!("Old"))],
        ("POST", "/admin/events/parked/{id}/retry") => vec![],
        _ => {
            let takes_body = operation.details.get("requestBody").is_some();
            assert!(!takes_body, "tell this test what {} {} takes", operation.method, operation.path);
            return None;
        }
    };
    Some(body.into_iter().collect())
}

/// Throws things at one system, and looks after each refusal whether anything has changed.
struct Thrower<'a> {
    company: &'a Company,
    tracker: PgConnection,
    accounting: PgConnection,
    rows: Vec<i64>,
}

impl<'a> Thrower<'a> {
    async fn new(company: &'a Company) -> Self {
        company.world.settle().await;
        let ground = &company.world.ground;
        let (tracker, accounting) = (ground.tracker.connect().await, ground.accounting.connect().await);
        let mut thrower = Self { company, tracker, accounting, rows: Vec::new() };
        thrower.rows = thrower.count_rows().await;
        thrower
    }

    /// Only what changes something may change something, and only if it was not refused.
    async fn judge(&mut self, method: &Method, what: &str, answer: &Answer) {
        assert!(answer.status < 500, "{what}: {answer:?}");
        assert_ne!(answer.status, 401, "{what} was not looked at: {answer:?}");
        if answer.status < 400 && *method != Method::GET {
            self.company.world.settle().await;
            self.rows = self.count_rows().await;
        } else {
            let rows = self.count_rows().await;
            assert_eq!(rows, self.rows, "{what} changed something: {answer:?}");
        }
    }

    /// How many rows there are of everything that matters.
    async fn count_rows(&mut self) -> Vec<i64> {
        let mut counts = Vec::new();
        for (database, statement) in [(&mut self.tracker, TRACKER_ROWS), (&mut self.accounting, ACCOUNTING_ROWS)] {
            counts.extend(sqlx::query(statement).fetch_one(database).await.unwrap().get::<Vec<i64>, _>(0));
        }
        counts
    }

    async fn send_text(&mut self, operation: &Operation, body: &str) {
        self.send_body(operation, body.as_bytes().to_vec()).await;
    }

    async fn send_body(&mut self, operation: &Operation, body: Vec<u8>) {
        let what = format!("{} {} with {:.200}", operation.method, operation.path, String::from_utf8_lossy(&body));
        let answer = self.api(operation).send_bytes(operation.method.clone(), &operation.path_to_nothing(), body).await;
        // The three that need no token answer 401 to what they do not know.
        if operation.permission().is_some() || answer.status != 401 {
            self.judge(&operation.method, &what, &answer).await;
        }
    }

    async fn send_query(&mut self, operation: &Operation, query: &str) -> u16 {
        let path = format!("{}?{query}", operation.path_to_nothing());
        let answer = send(self.api(operation).request(operation.method.clone(), &path)).await;
        self.judge(&operation.method, &path, &answer).await;
        answer.status
    }

    fn api(&self, operation: &Operation) -> crate::api::Api {
        let anonymous = operation.permission().is_none();
        if anonymous { self.company.world.api.clone() } else { self.company.admin.api.clone() }
    }
}

async fn prepared() -> Company {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    company.complete(&task).await;
    company.create("Still open").await;
    company
}

/// Without the end of the caller's own session.
async fn guarded_operations(company: &Company) -> Vec<Operation> {
    let mut operations = operations(&company.world.api).await;
    operations.retain(|operation| operation.path != "/auth/logout");
    operations
}

#[tokio::test]
async fn no_body_and_no_field_makes_a_500_or_changes_anything_when_it_is_refused() {
    let company = prepared().await;
    let mut thrower = Thrower::new(&company).await;
    for operation in guarded_operations(&company).await.iter().filter(|operation| operation.method != Method::GET) {
        for body in nasty_bodies() {
            thrower.send_body(operation, body).await;
        }
        let Some(good) = good_body(operation) else { continue };
        for field in good.keys() {
            for nasty in nasty_fields() {
                let written = |(name, value): (&&str, &Value)| {
                    let value = if name == field { nasty.clone() } else { value.to_string() };
                    format!("{}:{value}", json!(name))
                };
                let fields: Vec<String> = good.iter().map(written).collect();
                thrower.send_text(operation, &format!("{{{}}}", fields.join(","))).await;
            }
        }
        let mut values: Vec<Value> = good.values().cloned().collect();
        thrower.send_text(operation, &Value::from(values.clone()).to_string()).await;
        values.push(Value::Null);
        thrower.send_text(operation, &Value::from(values).to_string()).await;
    }
    company.finish().await;
}

#[tokio::test]
async fn no_path_makes_a_500_or_changes_anything_when_it_is_refused() {
    let company = prepared().await;
    let mut thrower = Thrower::new(&company).await;
    for operation in guarded_operations(&company).await.iter().filter(|operation| operation.path.contains('{')) {
        for nasty in nasty_texts().iter().map(|text| percent(text)).chain([
            "%".to_owned(),
            "%ff%fe".to_owned(),
            "%zz".to_owned(),
        ]) {
            let path = operation.path_with(|_| nasty.clone());
            let request = company.admin.api.request(operation.method.clone(), &path);
            let answer =
                send(if operation.method == Method::PATCH { request.json(&json!({ "name": "x" })) } else { request })
                    .await;
            thrower.judge(&operation.method, &path, &answer).await;
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn no_query_makes_a_500_and_what_is_unknown_or_out_of_range_is_a_400() {
    let company = prepared().await;
    let mut thrower = Thrower::new(&company).await;
    for operation in guarded_operations(&company).await.iter().filter(|operation| operation.method == Method::GET) {
        let names: Vec<&str> =
            operation.parameters("query").iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        for name in &names {
            for nasty in nasty_texts().iter().map(|text| percent(text)).chain(["%ff".to_owned(), "%".to_owned()]) {
                thrower.send_query(operation, &format!("{name}={nasty}")).await;
            }
            thrower.send_query(operation, name).await;
            assert_eq!(thrower.send_query(operation, &format!("{name}=1&{name}=1")).await, 400, "{name} twice");
        }
        for wrong in ["limit=0", "limit=201", "limit=-1", "limit=abc", "limit=1.0", "limit=+2"] {
            if names.contains(&"limit") {
                assert_eq!(thrower.send_query(operation, wrong).await, 400, "{} {wrong}", operation.path);
            }
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn a_query_parameter_that_an_operation_does_not_know_is_a_400_everywhere() {
    let company = prepared().await;
    let mut ignored = Vec::new();
    for operation in guarded_operations(&company).await {
        // Pages and the document are files to be had, whatever is appended.
        if operation.permission().is_none() {
            continue;
        }
        let path = format!("{}?nonsense=1", operation.path_to_nothing());
        let request = company.admin.api.request(operation.method.clone(), &path);
        let takes_body = good_body(&operation);
        let answer = send(match takes_body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await;
        if answer.status != 400 {
            ignored.push(format!("{} {} answers {}", operation.method, operation.path, answer.status));
        }
    }
    assert!(ignored.is_empty(), "an unknown parameter is ignored by\n{}", ignored.join("\n"));
    company.finish().await;
}

#[tokio::test]
async fn a_cursor_of_one_list_is_never_a_500_in_another() {
    let company = prepared().await;
    let mut thrower = Thrower::new(&company).await;
    let lists: Vec<Operation> = guarded_operations(&company).await.into_iter().filter(has_cursor).collect();
    let mut cursors = Vec::new();
    for list in &lists {
        let path = list.path_with(|_| company.worker.id.clone());
        let page = company.admin.api.get(&format!("{path}?limit=1")).await;
        cursors.extend(page.json["next_cursor"].as_str().map(str::to_owned));
    }
    assert!(cursors.len() >= 3, "some lists have more than one page");
    for list in &lists {
        for cursor in &cursors {
            thrower.send_query(list, &format!("cursor={cursor}")).await;
        }
    }
    company.finish().await;
}

fn has_cursor(operation: &Operation) -> bool {
    operation.parameters("query").iter().any(|parameter| parameter["name"] == "cursor")
}

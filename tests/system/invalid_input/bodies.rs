//! Invalid bodies, and valid bodies with one invalid field.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::values::{invalid_bodies, invalid_fields};
use super::{InputTester, all_operations, prepared};
use crate::permissions::Operation;

/// The fields of a valid body, of which a test replaces one after the other.
pub fn valid_body(operation: &Operation) -> Option<BTreeMap<&'static str, Value>> {
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
        ("POST", "/tasks/batch") => vec![("tasks", json!([{ "title": "Fix" }, { "title": "[A-1] Paint" }]))],
        ("POST", "/tasks/complete-batch") => vec![("task_ids", json!([nothing]))],
        ("POST", "/people") => vec![
            ("email", json!("ada@example.org")),
            ("name", json!("Ada")),
            ("role", json!("worker")),
            ("language", json!("en")),
            ("password", json!(null)),
            ("invite", json!(false)),
        ],
        ("POST", "/people/batch") => vec![
            ("people", json!([{ "email": "ada@example.org", "name": "Ada", "role": "worker" }])),
            ("dry_run", json!(true)),
            ("invite", json!(false)),
        ],
        ("PATCH", "/people/{id}") => {
            vec![
                ("name", json!("Ada")),
                ("email", json!("ada@example.org")),
                ("role", json!("worker")),
                ("active", json!(true)),
                ("language", json!("ru")),
            ]
        }
        ("PATCH", "/me") => {
            vec![("name", json!("Ada")), ("language", json!("ru")), ("time_zone", json!("Europe/Berlin"))]
        }
        ("POST", "/me/password") => {
            vec![("current_password", json!("another password")), ("new_password", json!("a new password"))]
        }
        ("POST", "/me/tokens") => {
            vec![("name", json!("Report")), ("scopes", json!(["read"])), ("expires_at", json!("2026-12-01T00:00:00Z"))]
        }
        ("POST", "/auth/password-reset") => vec![("email", json!("nobody@example.org"))],
        ("POST", "/auth/login") => vec![("email", json!("nobody@example.org")), ("password", json!("wrong password"))],
        ("POST", "/auth/refresh") => vec![("refresh_token", json!("none"))],
        ("POST", "/auth/set-password") => vec![
            ("token", json!("none")),
            ("password", json!("long enough")),
            ("name", json!("Ada")),
            ("email", json!("ada@example.org")),
        ],
        ("POST", "/corrections") => vec![("transfer_id", json!(nothing)), ("reason", json!("A mistake"))],
        ("POST", "/admin/modules/{module}/parked-events/{id}/discard") => vec![("reason", json!("Old"))],
        ("POST", "/admin/modules/{module}/parked-events/{id}/retry") => vec![],
        _ => {
            let takes_body = operation.details.get("requestBody").is_some();
            assert!(!takes_body, "this test has no valid body for {} {}", operation.method, operation.path);
            return None;
        }
    };
    Some(body.into_iter().collect())
}

#[tokio::test]
async fn no_body_and_no_field_causes_a_5xx_and_a_refused_one_changes_no_data() {
    let company = prepared().await;
    let mut tester = InputTester::new(&company).await;
    for operation in all_operations(&company).await.iter().filter(|operation| operation.method != Method::GET) {
        for body in invalid_bodies() {
            tester.send_body(operation, body).await;
        }
        let Some(valid) = valid_body(operation) else { continue };
        for field in valid.keys() {
            for invalid in invalid_fields() {
                let written = |(name, value): (&&str, &Value)| {
                    let value = if name == field { invalid.clone() } else { value.to_string() };
                    format!("{}:{value}", json!(name))
                };
                let fields: Vec<String> = valid.iter().map(written).collect();
                tester.send_text(operation, &format!("{{{}}}", fields.join(","))).await;
            }
        }
        let mut values: Vec<Value> = valid.values().cloned().collect();
        tester.send_text(operation, &Value::from(values.clone()).to_string()).await;
        values.push(Value::Null);
        tester.send_text(operation, &Value::from(values).to_string()).await;
    }
    company.finish().await;
}

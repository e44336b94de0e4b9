//! What the audit trail records of the command line, and what the log has of logins and refusals.

use harness::{PASSWORD, create_person, eventually, piecework};
use reqwest::Method;
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn a_command_is_recorded_with_the_user_of_the_operating_system() {
    let data = DataDirectory::new();
    let admin = create_person(&data.path(), "ada@example.org", "admin").await;
    piecework(&data.path(), &["close-day", "--json"]).finish().await.ok();
    let server = data.serve().await;
    let ada = server.api.login("ada@example.org", PASSWORD).await;
    let records = ada.read_all("/admin/audit?actor=command_line", 200).await;
    let created = records.iter().find(|record| record["action"] == "person_created").unwrap();
    assert_eq!(created["subject"], admin["id"]);
    assert_eq!((&created["address"], &created["request_id"]), (&json!(null), &json!(null)));
    let user = created["actor"]["operating_system_user"].as_str().unwrap();
    assert!(!user.is_empty() && created["actor"]["kind"] == "command_line", "{created}");
    server.stop().await;
}

#[tokio::test]
async fn each_record_is_one_line_of_the_log_without_addresses_of_people() {
    let data = DataDirectory::new();
    let settings = [("PIECEWORK__TELEMETRY__LOG", "info"), ("PIECEWORK__TELEMETRY__FORMAT", "json")];
    let mut server = data.serve_with(&settings).await;
    let admin = server.first_admin().await;
    let new = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker" });
    let wim = admin.api.post("/people", &new).await.expect_status(201).id();
    let change = json!({ "role": "manager", "email": "planted@example.org" });
    admin.api.patch(&format!("/people/{wim}"), &change).await.expect_status(200);
    let records = eventually("every record is stored", async || {
        let records = admin.api.read_all("/admin/audit", 200).await;
        records.iter().any(|record| record["action"] == "address_changed").then_some(records)
    })
    .await;
    let log = server.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audited: Vec<Value> = lines.filter(|line| line["target"] == "audit").collect();
    let summary = |action: &Value, subject: &Value, request: &Value| format!("{action} {subject} {request}");
    let text = |value: &Value| if value.is_null() { Value::from("") } else { value.clone() };
    let mut logged: Vec<String> = audited
        .iter()
        .map(|line| summary(&line["action"], &text(&line["subject"]), &text(&line["request_id"])))
        .collect();
    let mut stored: Vec<String> = records
        .iter()
        .map(|record| summary(&record["action"], &text(&record["subject"]), &text(&record["request_id"])))
        .collect();
    logged.sort();
    stored.sort();
    assert_eq!(logged, stored);
    let role = audited.iter().find(|line| line["action"] == "role_changed").unwrap();
    assert_eq!((&role["level"], &role["actor"], &role["subject"]), (&json!("INFO"), &json!(admin.id), &json!(wim)));
    assert_eq!(role["client_address"], "127.0.0.1");
    assert!(role["details"].as_str().unwrap().contains("manager"), "{role}");
    assert!(!log.contains("planted"), "{log}");
    server.stop().await;
}

#[tokio::test]
async fn failed_logins_and_refusals_are_logged_with_person_and_address_and_without_secrets() {
    let data = DataDirectory::new();
    let admin = create_person(&data.path(), "ada@example.org", "admin").await;
    let worker = create_person(&data.path(), "wim@example.org", "worker").await;
    let settings = [("PIECEWORK__TELEMETRY__LOG", "info"), ("PIECEWORK__HTTP__TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = data.serve_with(&settings).await;
    let body = json!({ "email": "ada@example.org", "password": "planted-password" });
    let from = |request: reqwest::RequestBuilder| harness::send(request.header("x-forwarded-for", "203.0.113.7"));
    from(server.api.request(Method::POST, "/auth/login").json(&body)).await.expect_status(401);
    let body = json!({ "email": "planted-address", "password": "planted-password" });
    from(server.api.request(Method::POST, "/auth/login").json(&body)).await.expect_status(401);
    let wim = server.api.login("wim@example.org", PASSWORD).await;
    from(wim.request(Method::GET, "/admin/audit")).await.expect_status(403);
    from(wim.with_token("planted-token").request(Method::GET, "/me")).await.expect_status(401);
    let has = |log: &str, parts: &[&str]| log.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    let (admin, worker) = (admin["id"].as_str().unwrap(), worker["id"].as_str().unwrap());
    eventually("the log has every line", async || {
        let log = server.log();
        let lines: [&[&str]; 4] = [
            &["a login failed", admin, "203.0.113.7"],
            &["refused", "GET /api/v1/admin/audit", "forbidden", worker, "203.0.113.7"],
            &["refused", "GET /api/v1/me", "identity.token_invalid", "203.0.113.7"],
            &["a request was answered", "/api/v1/admin/audit", "403", worker, "203.0.113.7"],
        ];
        lines.iter().all(|parts| has(&log, parts)).then_some(())
    })
    .await;
    assert!(!server.log().contains("planted"), "{}", server.log());
    server.stop().await;
}

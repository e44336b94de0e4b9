//! Snapshots of one error answer of each kind.

use harness::{Answer, Company, complete_path, send};
use insta::{assert_json_snapshot, dynamic_redaction, internals::Content};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// An id that no resource has.
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// Replaces an id.
fn id(value: Content, _: insta::internals::ContentPath<'_>) -> Content {
    match value {
        Content::String(_) => Content::from("[id]"),
        other => other,
    }
}

/// Compares an error with its snapshot, without the values that differ in each run.
fn compare(name: &str, answer: &Answer) {
    assert!(answer.status >= 400, "{name} is not an error: {answer:?}");
    assert_json_snapshot!(name, answer.json, {
        ".request_id" => "[request id]",
        ".current.id" => dynamic_redaction(id),
        ".current.assignee" => "[the assignee]",
        ".current.created_by.id" => dynamic_redaction(id),
        ".current.price" => "[the price]",
        ".current.assignments" => "[the number of assignments]",
    });
}

#[tokio::test]
async fn a_malformed_request_is_refused_with_the_place_of_the_mistake() {
    let company = Company::new().await;
    let (worker, admin) = (&company.worker.api, &company.admin.api);
    let bytes = async |text: &str| worker.send_bytes(Method::POST, "/tasks", text.as_bytes().to_vec()).await;
    compare("400_malformed_json", &bytes("{\"title\": \"Fix the door\"").await.expect_status(400));
    compare("400_nothing_where_json_is_needed", &bytes("").await.expect_status(400));
    compare("400_an_array_instead_of_an_object", &bytes(r#"["Fix", null, null, null]"#).await.expect_status(400));
    compare(
        "400_unknown_field",
        &worker.post("/tasks", &json!({ "title": "a", "owner": "me" })).await.expect_status(400),
    );
    compare("400_wrong_type", &worker.post("/tasks", &json!({ "title": 7 })).await.expect_status(400));
    compare(
        "400_body_where_none_is_read",
        &admin.post("/reassignments", &json!({ "all": true })).await.expect_status(400),
    );
    compare("400_unknown_query_parameter", &worker.get("/tasks?assigned_to=me").await.expect_status(400));
    compare("400_unknown_filter_value", &worker.get("/tasks?status=done").await.expect_status(400));
    compare("400_bad_cursor", &worker.get("/tasks?cursor=bm90IG91cnM").await.expect_status(400));
    compare("400_bad_limit", &worker.get("/tasks?limit=201").await.expect_status(400));
    compare("400_bad_id_in_the_path", &worker.get("/tasks/42").await.expect_status(400));
    compare("400_bad_date_in_the_path", &admin.get("/days/2026-02-30").await.expect_status(400));
    company.finish().await;
}

/// The task after a reassign that chose another person.
async fn reassign_to_another(company: &Company, task: &Value) -> Value {
    loop {
        company.manager.api.post("/reassignments", &json!({})).await.expect_status(202);
        company.system.finish_runs(&company.manager).await;
        let reassigned = company.manager.api.read(&format!("/tasks/{}", task["id"].as_str().unwrap())).await;
        if reassigned["assignee"] != task["assignee"] {
            return reassigned;
        }
    }
}

#[tokio::test]
async fn a_refusal_names_the_missing_right_or_the_current_state() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let garbage = company.system.api.with_token("garbage");
    compare("401_no_token", &company.system.api.get("/me").await.expect_status(401));
    compare("401_bad_token", &garbage.get("/me").await.expect_status(401));
    compare("403_forbidden", &worker.get("/analytics/summary").await.expect_status(403));
    compare("404_no_such_task", &worker.get(&format!("/tasks/{UNKNOWN}")).await.expect_status(404));
    compare("404_no_such_route", &worker.get("/nowhere").await.expect_status(404));
    compare("405_method_not_allowed", &send(worker.request(Method::DELETE, "/tasks")).await.expect_status(405));

    let task = company.create("[POP-42] - Fix the door").await;
    let reassigned = reassign_to_another(&company, &task).await;
    company.complete(&reassigned).await;
    let late = company.assignee(&task).api.post_nothing(&complete_path(&task)).await;
    compare("409_with_the_present_state", &late.expect_status(409));
    company.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_type_or_invalid_is_refused_with_the_reason() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let large = format!("{{\"title\": \"{}\"}}", "x".repeat(64 * 1024));
    let large = worker.send_bytes(Method::POST, "/tasks", large.into_bytes()).await;
    compare("413_too_large", &large.expect_status(413));
    let text = worker.request(Method::POST, "/tasks").header(CONTENT_TYPE, "text/plain").body("{\"title\": \"a\"}");
    compare("415_another_type", &send(text).await.expect_status(415));
    let wrong =
        json!({ "title": "a\u{7}", "reference": "pop42", "link": "javascript:alert(1)", "description": "\u{0}" });
    compare("422_several_fields", &worker.post("/tasks", &wrong).await.expect_status(422));
    let person = json!({ "email": "nobody", "name": " ", "role": "worker", "password": "short", "language": "tlh" });
    compare("422_several_fields_of_a_person", &company.admin.api.post("/people", &person).await.expect_status(422));
    let backwards = company.admin.api.get("/analytics/earnings?from=2026-11-03&to=2026-11-02").await;
    compare("422_a_range_that_runs_backwards", &backwards.expect_status(422));
    company.finish().await;
}

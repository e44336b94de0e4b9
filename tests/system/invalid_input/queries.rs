//! Invalid query parameters and cursors.

use harness::send;
use reqwest::Method;

use super::bodies::valid_body;
use super::values::{invalid_texts, percent};
use super::{InputTester, all_operations, prepared};
use crate::permissions::Operation;

#[tokio::test]
async fn no_query_causes_a_5xx_and_an_unknown_or_out_of_range_value_is_a_400() {
    let company = prepared().await;
    let mut tester = InputTester::new(&company).await;
    for operation in all_operations(&company).await.iter().filter(|operation| operation.method == Method::GET) {
        let names: Vec<&str> =
            operation.parameters("query").iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        for name in &names {
            for invalid in invalid_texts().iter().map(|text| percent(text)).chain(["%ff".to_owned(), "%".to_owned()]) {
                tester.send_query(operation, &format!("{name}={invalid}")).await;
            }
            tester.send_query(operation, name).await;
            assert_eq!(tester.send_query(operation, &format!("{name}=1&{name}=1")).await, 400, "{name} twice");
        }
        for wrong in ["limit=0", "limit=201", "limit=-1", "limit=abc", "limit=1.0", "limit=+2"] {
            if names.contains(&"limit") {
                assert_eq!(tester.send_query(operation, wrong).await, 400, "{} {wrong}", operation.path);
            }
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn an_unknown_query_parameter_is_a_400_in_every_operation() {
    let company = prepared().await;
    let mut ignored = Vec::new();
    for operation in all_operations(&company).await {
        // Operations without a permission serve files, which have no parameters.
        if operation.permission().is_none() {
            continue;
        }
        let path = format!("{}?nonsense=1", operation.path_of_unknown());
        let request = company.admin.api.request(operation.method.clone(), &path);
        let takes_body = valid_body(&operation);
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
async fn a_cursor_of_one_list_causes_no_5xx_in_another_list() {
    let company = prepared().await;
    let mut tester = InputTester::new(&company).await;
    let lists: Vec<Operation> = all_operations(&company).await.into_iter().filter(has_cursor).collect();
    let mut cursors = Vec::new();
    for list in &lists {
        let path = list.path_with(|_| company.worker.id.clone());
        let page = company.admin.api.get(&format!("{path}?limit=1")).await;
        cursors.extend(page.json["next_cursor"].as_str().map(str::to_owned));
    }
    assert!(cursors.len() >= 3, "some lists have more than one page");
    for list in &lists {
        for cursor in &cursors {
            tester.send_query(list, &format!("cursor={cursor}")).await;
        }
    }
    company.finish().await;
}

fn has_cursor(operation: &Operation) -> bool {
    operation.parameters("query").iter().any(|parameter| parameter["name"] == "cursor")
}

#[tokio::test]
async fn an_empty_position_header_is_no_position_and_another_text_is_a_400() {
    let company = prepared().await;
    for (sent, status) in [("", 200), ("tracker=0/0", 200), ("tracker", 400), ("flying=0/0", 400)] {
        let request = company.worker.api.request(Method::GET, "/tasks").header("x-piecework-position", sent);
        send(request).await.expect_status(status);
    }
    company.finish().await;
}

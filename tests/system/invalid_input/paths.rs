//! Invalid values in paths.

use harness::send;
use reqwest::Method;
use serde_json::json;

use super::values::{invalid_texts, percent};
use super::{InputTester, all_operations, prepared};

#[tokio::test]
async fn no_path_causes_a_5xx_and_a_refused_one_changes_no_data() {
    let company = prepared().await;
    let mut tester = InputTester::new(&company).await;
    for operation in all_operations(&company).await.iter().filter(|operation| operation.path.contains('{')) {
        for invalid in invalid_texts().iter().map(|text| percent(text)).chain([
            "%".to_owned(),
            "%ff%fe".to_owned(),
            "%zz".to_owned(),
        ]) {
            let path = operation.path_with(|_| invalid.clone());
            let request = company.admin.api.request(operation.method.clone(), &path);
            let answer =
                send(if operation.method == Method::PATCH { request.json(&json!({ "name": "x" })) } else { request })
                    .await;
            tester.check(&operation.method, &path, &answer).await;
        }
    }
    company.finish().await;
}

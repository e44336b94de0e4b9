//! Draws that can be repeated, and runs that are requested at the same time (DOMAIN T4, T6, T8).

use harness::Company;
use serde_json::json;

#[tokio::test]
async fn t8_every_draw_can_be_repeated_from_the_history_of_its_task() {
    let company = Company::new().await;
    for number in 0..6 {
        company.create(&format!("Task {number}")).await;
    }
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    // Equal places in the same pool are the same person, in all draws.
    let mut places = std::collections::HashMap::new();
    let mut draws = 0;
    for task in company.worker.api.read_all("/tasks", 200).await {
        let history = format!("/tasks/{}/history", task["id"].as_str().unwrap());
        let assignments = company.worker.api.read_all(&history, 1).await;
        assert_eq!(task["assignee"], assignments.last().unwrap()["assignee"]);
        for assignment in assignments {
            let draw = &assignment["draw"];
            let size = usize::try_from(draw["pool_size"].as_u64().unwrap()).unwrap();
            let index = u32::try_from(draw["index"].as_u64().unwrap()).unwrap();
            let place = tasks::draw(draw["seed"].as_str().unwrap().parse().unwrap(), index, size);
            let assignee = assignment["assignee"]["id"].clone();
            let known = places.entry((draw["pool_id"].as_i64(), place)).or_insert_with(|| assignee.clone());
            assert_eq!(*known, assignee, "{assignment}");
            draws += 1;
        }
    }
    assert_eq!(draws, 12);
    company.finish().await;
}

#[tokio::test]
async fn t6_runs_that_are_requested_at_the_same_time_are_all_executed_and_charged() {
    let company = Company::new().await;
    for number in 0..3 {
        company.create(&format!("Task {number}")).await;
    }
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let api = company.manager.api.clone();
        requests.spawn(async move { api.post_nothing("/reassignments").await.expect_status(202).id() });
    }
    let mut ids = requests.join_all().await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "runs are never merged");
    company.system.finish_runs(&company.manager).await;
    for run in company.manager.api.read_all("/reassignments", 2).await {
        assert_eq!((&run["done"], &run["reassigned"]), (&json!(3), &json!(3)), "{run}");
    }
    for task in company.worker.api.read_all("/tasks", 200).await {
        assert_eq!(task["assignments"], 6, "one at creation, one a run");
    }
    company.finish().await;
}

//! Draws that can be run again, and runs that are asked for one after the other (DOMAIN T4, T6, T8).

use serde_json::json;

use crate::support::Company;

#[tokio::test]
async fn t8_anybody_can_run_every_draw_again_from_what_the_history_shows() {
    let company = Company::new().await;
    for number in 0..6 {
        company.create(&format!("Task {number}")).await;
    }
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.world.finish_runs(&company.manager).await;
    // The same place of the same pool is the same person, whichever draw led there.
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
            let drawn = assignment["assignee"]["id"].clone();
            let known = places.entry((draw["pool_id"].as_i64(), place)).or_insert_with(|| drawn.clone());
            assert_eq!(*known, drawn, "{assignment}");
            draws += 1;
        }
    }
    assert_eq!(draws, 12);
    company.finish().await;
}

#[tokio::test]
async fn t6_runs_asked_for_at_once_are_all_done_and_each_is_charged() {
    let company = Company::new().await;
    for number in 0..3 {
        company.create(&format!("Task {number}")).await;
    }
    let mut asks = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let api = company.manager.api.clone();
        asks.spawn(async move { api.post_nothing("/reassignments").await.expect_status(202).id() });
    }
    let mut ids = asks.join_all().await;
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "runs are never merged");
    company.world.finish_runs(&company.manager).await;
    for run in company.manager.api.read_all("/reassignments", 2).await {
        assert_eq!((&run["done"], &run["reassigned"]), (&json!(3), &json!(3)), "{run}");
    }
    for task in company.worker.api.read_all("/tasks", 200).await {
        assert_eq!(task["assignments"], 6, "one at creation, one a run");
    }
    company.finish().await;
}

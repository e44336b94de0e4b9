//! Many at once: one wins, nobody gets a 500, and the service stays usable.

use serde_json::json;
use tokio::task::JoinSet;

use crate::api::{Answer, Api};
use crate::support::{Company, PASSWORD, complete_path};

/// 503 with Retry-After is an honest answer to a crowd: whoever gets it asks again.
async fn insist(api: &Api, path: &str) -> Answer {
    loop {
        let answer = api.post_nothing(path).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
}

#[tokio::test]
async fn t5_of_two_hundred_parallel_completions_over_http_one_wins_and_is_rewarded_once() {
    let company = Company::new().await;
    let task = company.create("Everybody wants it").await;
    let assignee = company.assignee(&task);
    let mut attempts = JoinSet::new();
    for _ in 0..200 {
        let (api, path) = (assignee.api.clone(), complete_path(&task));
        attempts.spawn(async move { insist(&api, &path).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 199));
    for answer in lost {
        let answer = answer.expect_problem(409, "tasks.already_completed");
        assert_eq!(answer.json["current"]["completed_at"], won[0].json["completed_at"]);
    }
    company.world.settle().await;
    let lines = assignee.api.read_all("/wallets/me/transfers", 200).await;
    let rewards: Vec<_> = lines.iter().filter(|line| line["kind"] == "completion_reward").collect();
    assert_eq!(rewards.len(), 1);
    assert_eq!(rewards[0]["amount"], task["price"]["reward"]);
    company.finish().await;
}

#[tokio::test]
async fn a_flood_of_logins_is_refused_or_sent_away_and_others_are_served_all_the_while() {
    let company = Company::new().await;
    let mut flood = JoinSet::new();
    for number in 0..300 {
        let api = company.world.api.clone();
        let body = json!({ "email": format!("nobody{number}@example.org"), "password": "let me in" });
        flood.spawn(async move { api.post("/auth/login", &body).await });
    }
    // While it lasts, work goes on.
    let task = company.create("Business as usual").await;
    company.complete(&task).await;
    let answers = flood.join_all().await;
    assert!(answers.iter().any(|answer| answer.status == 401), "some were checked");
    assert!(answers.iter().any(|answer| answer.status == 429), "the queue has an end");
    for answer in answers {
        match answer.status {
            401 => drop(answer.expect_problem(401, "identity.wrong_credentials")),
            // The pool is small here: who waits in vain for a connection is told so, and when to come again.
            503 => {
                assert!(answer.expect_problem(503, "database_unavailable").header("retry-after").is_some());
            }
            _ => assert!(answer.expect_problem(429, "identity.busy").header("retry-after").is_some()),
        }
    }
    let login = json!({ "email": company.worker.email, "password": PASSWORD });
    company.world.api.post("/auth/login", &login).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn t4_completions_over_http_that_race_a_reassign_win_or_hear_of_it_and_the_books_agree() {
    let company = Company::new().await;
    for number in 0..12 {
        let body = json!({ "title": format!("Task {number}") });
        company.manager.api.post("/tasks", &body).await.expect_status(201);
    }
    company.world.settle().await;
    let mut attempts = JoinSet::new();
    for task in company.manager.api.read_all("/tasks", 200).await {
        let (api, path) = (company.assignee(&task).api.clone(), complete_path(&task));
        attempts.spawn(async move { insist(&api, &path).await });
        let manager = company.manager.api.clone();
        attempts.spawn(async move { insist(&manager, "/reassignments").await });
    }
    for answer in attempts.join_all().await {
        match answer.status {
            200 | 202 => {}
            _ => drop(answer.expect_problem(409, "tasks.assigned_to_another")),
        }
    }
    company.world.finish_runs(&company.manager).await;
    company.finish().await;
}

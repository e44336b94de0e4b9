//! Many requests at the same time: one succeeds, none gets a 500, and other requests are answered.

use harness::{Answer, Api, Company, PASSWORD, System, complete_path};
use serde_json::json;
use tokio::task::JoinSet;

/// Repeats a POST as long as the answer is 503 with Retry-After.
async fn post_until_answered(api: &Api, path: &str) -> Answer {
    loop {
        let answer = api.post_nothing(path).await;
        if answer.status != 503 {
            return answer;
        }
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
}

#[tokio::test]
async fn t5_two_hundred_parallel_completions_have_one_answer_and_one_reward() {
    let company = Company::new().await;
    let task = company.create("Contended").await;
    let assignee = company.assignee(&task);
    let mut attempts = JoinSet::new();
    for _ in 0..200 {
        let (api, path) = (assignee.api.clone(), complete_path(&task));
        attempts.spawn(async move { post_until_answered(&api, &path).await });
    }
    let answers: Vec<_> = attempts.join_all().await.into_iter().map(|answer| answer.expect_status(200).json).collect();
    assert_eq!(answers.len(), 200);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    company.system.settle().await;
    let lines = assignee.api.read_all("/wallets/me/transfers", 200).await;
    let rewards: Vec<_> = lines.iter().filter(|line| line["kind"] == "completion_reward").collect();
    assert_eq!(rewards.len(), 1);
    assert_eq!(rewards[0]["amount"], task["price"]["reward"]);
    company.finish().await;
}

#[tokio::test]
async fn a_flood_of_logins_is_refused_while_other_requests_are_answered() {
    let company = Company::new().await;
    let mut flood = JoinSet::new();
    for number in 0..300 {
        let api = company.system.api.clone();
        let body = json!({ "email": format!("nobody{number}@example.org"), "password": "let me in" });
        flood.spawn(async move { api.post("/auth/login", &body).await });
    }
    // During the flood, other requests are answered.
    let task = company.create("Business as usual").await;
    company.complete(&task).await;
    let answers = flood.join_all().await;
    assert!(answers.iter().any(|answer| answer.status == 401), "some passwords are checked");
    assert!(answers.iter().any(|answer| answer.status == 429), "the queue has a maximum length");
    for answer in answers {
        match answer.status {
            401 => drop(answer.expect_problem(401, "identity.wrong_credentials")),
            // The pool of connections is small in tests, so a login may time out while it waits for
            // one.
            503 => {
                assert!(answer.expect_problem(503, "busy").header("retry-after").is_some());
            }
            _ => assert!(answer.expect_problem(429, "identity.busy").header("retry-after").is_some()),
        }
    }
    let login = json!({ "email": company.worker.email, "password": PASSWORD });
    company.system.api.post("/auth/login", &login).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn t4_a_completion_that_races_a_reassign_succeeds_or_is_refused_and_the_ledger_is_correct() {
    let company = Company::new().await;
    for number in 0..12 {
        let body = json!({ "title": format!("Task {number}") });
        company.manager.api.post("/tasks", &body).await.expect_status(201);
    }
    company.system.settle().await;
    let mut attempts = JoinSet::new();
    for task in company.manager.api.read_all("/tasks", 200).await {
        let (api, path) = (company.assignee(&task).api.clone(), complete_path(&task));
        attempts.spawn(async move { post_until_answered(&api, &path).await });
        let manager = company.manager.api.clone();
        attempts.spawn(async move { post_until_answered(&manager, "/reassignments").await });
    }
    for answer in attempts.join_all().await {
        match answer.status {
            200 | 202 => {}
            _ => drop(answer.expect_problem(409, "tasks.assigned_to_another")),
        }
    }
    company.system.finish_runs(&company.manager).await;
    company.finish().await;
}

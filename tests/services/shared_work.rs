//! Several processes with all modules share the work: nothing is done twice, also when one is
//! killed.

use std::collections::BTreeSet;

use harness::{Company, Ledger, System, complete_path, eventually};
use serde_json::json;
use tokio::task::JoinSet;

use crate::processes::{Processes, SharedEnvironment};

/// Number of processes.
const PROCESSES: usize = 3;
/// Number of tasks.
const TASKS: usize = 60;
/// Number of runs that are requested at the same time.
const RUNS: usize = 3;

async fn create_tasks(company: &Company<Processes>) {
    let mut creating = JoinSet::new();
    for number in 0..TASKS {
        let api = company.worker.api.clone();
        creating.spawn(async move { api.post("/tasks", &json!({ "title": format!("Task {number}") })).await });
    }
    for created in creating.join_all().await {
        created.expect_status(201);
    }
}

/// Requests runs at all processes at the same time, and kills one process meanwhile.
async fn reassign(company: &mut Company<Processes>) {
    let mut requesting = JoinSet::new();
    for _ in 0..RUNS {
        let api = company.manager.api.clone();
        requesting.spawn(async move { api.post_nothing("/reassignments").await });
    }
    for requested in requesting.join_all().await {
        requested.expect_status(202);
    }
    company.system.servers[PROCESSES - 1].kill();
    let manager = company.system.log_in_at(0, &company.manager).await;
    eventually("every run is completed", async || {
        let runs = manager.read_all("/reassignments", 200).await;
        assert_eq!(runs.len(), RUNS);
        runs.iter().all(|run| run["status"] == "completed").then_some(())
    })
    .await;
    company.system.servers[PROCESSES - 1].restart().await;
    // The restarted process has another address.
    for person in [&mut company.admin, &mut company.manager, &mut company.accountant, &mut company.worker] {
        *person = company.system.log_in_again(person).await;
    }
    company.system.settle().await;
}

/// Completes every task as its assignee, by two requests to different processes at the same time.
async fn complete_all_tasks(company: &Company<Processes>) {
    let mut completing = JoinSet::new();
    for task in company.admin.api.read_all("/tasks?status=open", 200).await {
        let assignee =
            [&company.worker, &company.accountant].into_iter().find(|person| task["assignee"]["id"] == *person.id);
        let api = assignee.unwrap().api.clone();
        completing.spawn(async move {
            let requests = [0, 1].map(|_| {
                let (api, path) = (api.clone(), complete_path(&task));
                tokio::spawn(async move { api.post_nothing(&path).await.expect_status(200).json })
            });
            let mut answers = Vec::new();
            for request in requests {
                answers.push(request.await.unwrap());
            }
            assert_eq!(answers[0], answers[1], "t5: both requests have the same answer");
        });
    }
    completing.join_all().await;
    company.system.settle().await;
}

/// Closes the open day by requests to all processes at the same time.
async fn close(company: &Company<Processes>) {
    let day = company.open_day().await;
    let mut closing = JoinSet::new();
    for _ in 0..2 * PROCESSES {
        let api = company.accountant.api.clone();
        closing.spawn(async move { api.post_nothing(&format!("/days/{day}/close")).await.status });
    }
    let answers = closing.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 200 | 409 | 422)), "{answers:?}");
    company.system.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_do_all_work_exactly_once() {
    let Some(environment) = SharedEnvironment::new("several processes that share the work").await else { return };
    let processes = environment.processes(PROCESSES).await;
    let mut company = Company::hire(processes).await;
    create_tasks(&company).await;
    company.system.settle().await;
    reassign(&mut company).await;
    complete_all_tasks(&company).await;

    let ledger = Ledger::read(&company.accountant.api).await;
    for task in company.admin.api.read_all("/tasks", 200).await {
        let id = task["id"].as_str().unwrap();
        assert_eq!(task["assignments"], 1 + RUNS, "each run reassigns the task once: {task}");
        assert_eq!(ledger.of_task(id, "assignment_fee").len(), 1 + RUNS);
        assert_eq!(ledger.of_task(id, "completion_reward").len(), 1);
    }
    assert_eq!(ledger.lines.len(), TASKS * (RUNS + 2));

    close(&company).await;
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    let paid: BTreeSet<&str> = payouts.iter().map(|line| line["person"]["id"].as_str().unwrap()).collect();
    assert_eq!(paid.len(), payouts.len(), "no person is paid twice");
    let ledger = Ledger::read(&company.accountant.api).await;
    for person in [&company.worker, &company.accountant] {
        let earned: i64 =
            ledger.of_person(&person.id).filter(|line| line.kind != "payout").map(|line| line.amount).sum();
        assert_eq!(paid.contains(person.id.as_str()), earned > 0, "{} earned {earned}", person.name);
    }
    eventually("every payout is mailed", async || {
        let mails = company.admin.api.read_all("/admin/emails?status=sent", 200).await;
        (mails.len() == payouts.len()).then_some(())
    })
    .await;
    assert_eq!(company.system.mails().len(), payouts.len(), "each mail is written by one process only");
    company.system.finish().await;
}

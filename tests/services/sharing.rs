//! Several processes with all modules share the work: nothing is done twice, also when one of them is killed in the middle.

use std::collections::BTreeSet;

use harness::eventually;
use serde_json::json;
use tokio::task::JoinSet;

use crate::ledger::Ledger;
use crate::stage::{Cast, PASSWORD, Person, Stage, complete_path};
use crate::world::{Ground, World};

const PROCESSES: usize = 3;
const TASKS: usize = 60;
const RUNS: usize = 3;

async fn first_admin(world: &World) -> Person {
    let token = world.first_admin_token().await;
    let body = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let id = world.api().post("/auth/set-password", &body).await.expect_status(200).id();
    world.log_in(&id, "ada@example.org", "Ada").await
}

async fn create_tasks(company: &Cast<World>) {
    let mut creating = JoinSet::new();
    for number in 0..TASKS {
        let api = company.worker.api.clone();
        creating.spawn(async move { api.post("/tasks", &json!({ "title": format!("Task {number}") })).await });
    }
    for created in creating.join_all().await {
        created.expect_status(201);
    }
}

/// Asks for runs at different processes at once, and kills one of them meanwhile.
async fn reassign(company: &mut Cast<World>) {
    let mut asking = JoinSet::new();
    for _ in 0..RUNS {
        let api = company.manager.api.clone();
        asking.spawn(async move { api.post_nothing("/reassignments").await });
    }
    for asked in asking.join_all().await {
        asked.expect_status(202);
    }
    company.world.processes[PROCESSES - 1].kill();
    let manager = company.world.log_in_at(0, &company.manager).await;
    eventually("every run is over", async || {
        let runs = manager.read_all("/reassignments", 200).await;
        assert_eq!(runs.len(), RUNS);
        runs.iter().all(|run| run["status"] == "completed").then_some(())
    })
    .await;
    company.world.processes[PROCESSES - 1].restart().await;
    // It has another address now.
    for person in [&mut company.admin, &mut company.manager, &mut company.accountant, &mut company.worker] {
        *person = company.world.again(person).await;
    }
    company.world.settle().await;
}

/// Everybody completes what is theirs, each task at several processes at once.
async fn complete_everything(company: &Cast<World>) {
    let mut completing = JoinSet::new();
    for task in company.admin.api.read_all("/tasks?status=open", 200).await {
        let assignee =
            [&company.worker, &company.accountant].into_iter().find(|person| task["assignee"]["id"] == *person.id);
        let api = assignee.unwrap().api.clone();
        completing.spawn(async move {
            let ways = [0, 1].map(|_| {
                let (api, path) = (api.clone(), complete_path(&task));
                tokio::spawn(async move { api.post_nothing(&path).await.status })
            });
            let mut answers = Vec::new();
            for way in ways {
                answers.push(way.await.unwrap());
            }
            answers.sort_unstable();
            assert_eq!(answers, [200, 409], "one wins");
        });
    }
    completing.join_all().await;
    company.world.settle().await;
}

/// At every process at once.
async fn close(company: &Cast<World>) {
    let day = company.open_day().await;
    let mut closing = JoinSet::new();
    for _ in 0..2 * PROCESSES {
        let api = company.accountant.api.clone();
        closing.spawn(async move { api.post_nothing(&format!("/days/{day}/close")).await.status });
    }
    let answers = closing.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 200 | 409 | 422)), "{answers:?}");
    company.world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_do_everything_once() {
    let Some(ground) = Ground::new("several processes that share the work").await else { return };
    let world = ground.equals(PROCESSES).await;
    let admin = first_admin(&world).await;
    let mut company = Cast::hire(world, admin).await;
    create_tasks(&company).await;
    company.world.settle().await;
    reassign(&mut company).await;
    complete_everything(&company).await;

    let ledger = Ledger::read(&company.accountant.api).await;
    for task in company.admin.api.read_all("/tasks", 200).await {
        let id = task["id"].as_str().unwrap();
        assert_eq!(task["assignments"], 1 + RUNS, "each run drew it once: {task}");
        assert_eq!(ledger.of_task(id, "assignment_fee").len(), 1 + RUNS);
        assert_eq!(ledger.of_task(id, "completion_reward").len(), 1);
    }
    assert_eq!(ledger.lines.len(), TASKS * (RUNS + 2));

    close(&company).await;
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    let paid: BTreeSet<&str> = payouts.iter().map(|line| line["person"]["id"].as_str().unwrap()).collect();
    assert_eq!(paid.len(), payouts.len(), "nobody is paid twice");
    let owed = Ledger::read(&company.accountant.api).await;
    for person in [&company.worker, &company.accountant] {
        let earned: i64 = owed.of_person(&person.id).filter(|line| line.kind != "payout").map(|line| line.amount).sum();
        assert_eq!(paid.contains(person.id.as_str()), earned > 0, "{} earned {earned}", person.name);
    }
    eventually("every payout is mailed", async || {
        let mails = company.admin.api.read_all("/admin/emails?state=sent", 200).await;
        (mails.len() == payouts.len()).then_some(())
    })
    .await;
    assert_eq!(company.world.mails().len(), payouts.len(), "each mail was written by one of them");
    company.world.finish().await;
}

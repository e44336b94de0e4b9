//! People who change: who leaves, and who gets another role (DOMAIN T7).

use contracts::Role;
use serde_json::json;

use crate::api::minor;
use crate::support::{Company, Stage, complete_path};

#[tokio::test]
async fn t7_whoever_is_deactivated_is_logged_out_and_their_open_tasks_move_without_a_refund() {
    let company = Company::new().await;
    let mut tasks = Vec::new();
    while !tasks.iter().any(|task| company.assignee(task).id == company.worker.id) {
        tasks.push(company.create("Somebody's").await);
    }
    let theirs: Vec<_> = tasks.iter().filter(|task| company.assignee(task).id == company.worker.id).collect();
    let before = company.balance(&company.worker).await;
    let path = format!("/people/{}", company.worker.id);
    let left = company.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    assert_eq!(left.json["active"], false);
    company.worker.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    let login = json!({ "email": company.worker.email, "password": crate::support::PASSWORD });
    company.world.api.post("/auth/login", &login).await.expect_problem(401, "identity.wrong_credentials");

    company.world.settle().await;
    company.world.finish_runs(&company.manager).await;
    for task in theirs {
        let id = task["id"].as_str().unwrap();
        let moved = company.manager.api.read(&format!("/tasks/{id}")).await;
        assert_eq!(moved["assignee"]["id"], *company.accountant.id, "the only one left");
        assert_eq!(moved["assignments"], 2);
        company.complete(&moved).await;
    }
    let runs = company.manager.api.read_all("/reassignments", 200).await;
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["person_id"], &runs[0]["requested_by"]), (&json!(company.worker.id), &json!(null)));
    let wallet = company.accountant.api.read(&format!("/wallets/{}", company.worker.id)).await;
    assert_eq!(minor(&wallet["balance"]), before, "nothing is refunded");
    company.finish().await;
}

#[tokio::test]
async fn t7_whoever_becomes_a_manager_loses_their_tasks_and_may_reassign_at_once() {
    let company = Company::new().await;
    let task = loop {
        let task = company.create("Somebody's").await;
        if company.assignee(&task).id == company.worker.id {
            break task;
        }
    };
    company.worker.api.get("/reassignments").await.expect_problem(403, "forbidden");
    let path = format!("/people/{}", company.worker.id);
    company.admin.api.patch(&path, &json!({ "role": "manager" })).await.expect_status(200);
    company.worker.api.get("/reassignments").await.expect_problem(401, "identity.token_revoked");
    let promoted = company.world.again(&company.worker).await;
    assert_eq!(promoted.api.read("/me").await["role"], "manager");

    company.world.settle().await;
    company.world.finish_runs(&promoted).await;
    // A former assignee hears how things stand (T5).
    let refused = promoted.api.post_nothing(&complete_path(&task)).await;
    let refused = refused.expect_problem(409, "tasks.assigned_to_another");
    assert_eq!(refused.json["current"]["assignee"]["id"], *company.accountant.id);
    promoted.api.post_nothing("/reassignments").await.expect_status(202);
    company.world.finish_runs(&promoted).await;
    company.finish().await;
}

#[tokio::test]
async fn the_last_admin_can_neither_leave_nor_become_something_else() {
    let company = Company::new().await;
    let path = format!("/people/{}", company.admin.id);
    for change in [json!({ "active": false }), json!({ "role": "worker" })] {
        company.admin.api.patch(&path, &change).await.expect_problem(409, "identity.last_admin");
    }
    let other = company.world.hire(&company.admin, Role::Admin, "Eve").await;
    company.admin.api.patch(&path, &json!({ "role": "worker" })).await.expect_status(200);
    assert_eq!(other.api.read(&path).await["role"], "worker");
    company.finish().await;
}

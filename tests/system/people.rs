//! People who leave or get another role, and what happens to their tasks (DOMAIN T7).

use std::collections::BTreeSet;

use contracts::Role;
use harness::{Company, PASSWORD, System, complete_path, eventually, minor};
use serde_json::json;

#[tokio::test]
async fn t7_a_deactivated_person_is_logged_out_and_their_open_tasks_are_reassigned_without_a_refund() {
    let company = Company::new().await;
    let mut tasks = Vec::new();
    while !tasks.iter().any(|task| company.assignee(task).id == company.worker.id) {
        tasks.push(company.create("Any task").await);
    }
    let tasks_of_worker: Vec<_> = tasks.iter().filter(|task| company.assignee(task).id == company.worker.id).collect();
    let before = company.balance(&company.worker).await;
    let path = format!("/people/{}", company.worker.id);
    let left = company.admin.api.patch(&path, &json!({ "active": false })).await.expect_status(200);
    assert_eq!(left.json["active"], false);
    company.worker.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    let login = json!({ "email": company.worker.email, "password": PASSWORD });
    company.system.api.post("/auth/login", &login).await.expect_problem(401, "identity.wrong_credentials");

    company.system.settle().await;
    company.system.finish_runs(&company.manager).await;
    for task in tasks_of_worker {
        let id = task["id"].as_str().unwrap();
        let moved = company.manager.api.read(&format!("/tasks/{id}")).await;
        assert_eq!(moved["assignee"]["id"], *company.accountant.id, "the accountant is the only person in the pool");
        assert_eq!(moved["assignments"], 2);
        company.complete(&moved).await;
    }
    let runs = company.manager.api.read_all("/reassignments", 200).await;
    assert_eq!(runs.len(), 1);
    assert_eq!((&runs[0]["person"]["id"], &runs[0]["requested_by"]), (&json!(company.worker.id), &json!(null)));
    let wallet = company.accountant.api.read(&format!("/wallets/{}", company.worker.id)).await;
    assert_eq!(minor(&wallet["balance"]), before, "no fee is refunded");
    company.finish().await;
}

#[tokio::test]
async fn t7_a_person_who_becomes_a_manager_loses_their_tasks_and_may_reassign_immediately() {
    let company = Company::new().await;
    let task = loop {
        let task = company.create("Any task").await;
        if company.assignee(&task).id == company.worker.id {
            break task;
        }
    };
    company.worker.api.get("/reassignments").await.expect_problem(403, "forbidden");
    let path = format!("/people/{}", company.worker.id);
    company.admin.api.patch(&path, &json!({ "role": "manager" })).await.expect_status(200);
    company.worker.api.get("/reassignments").await.expect_problem(401, "identity.token_revoked");
    let promoted = company.system.log_in_again(&company.worker).await;
    assert_eq!(promoted.api.read("/me").await["role"], "manager");

    company.system.settle().await;
    company.system.finish_runs(&promoted).await;
    // A former assignee gets the current state (T5).
    let refused = promoted.api.post_nothing(&complete_path(&task)).await;
    let refused = refused.expect_problem(409, "tasks.assigned_to_another");
    assert_eq!(refused.json["current"]["assignee"]["id"], *company.accountant.id);
    promoted.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&promoted).await;
    company.finish().await;
}

#[tokio::test]
async fn the_last_admin_can_neither_leave_nor_change_the_role() {
    let company = Company::new().await;
    let path = format!("/people/{}", company.admin.id);
    for change in [json!({ "active": false }), json!({ "role": "worker" })] {
        company.admin.api.patch(&path, &change).await.expect_problem(409, "identity.last_admin");
    }
    let other = company.system.hire(&company.admin, Role::Admin, "Eve").await;
    company.admin.api.patch(&path, &json!({ "role": "worker" })).await.expect_status(200);
    assert_eq!(other.api.read(&path).await["role"], "worker");
    company.finish().await;
}

#[tokio::test]
async fn an_admin_changes_an_address_and_both_addresses_get_a_mail() {
    let company = Company::new().await;
    let path = format!("/people/{}", company.worker.id);
    let old = company.worker.email.as_str();
    company.accountant.api.patch(&path, &json!({ "email": "w@example.org" })).await.expect_problem(403, "forbidden");
    let taken = json!({ "email": company.manager.email.to_uppercase() });
    company.admin.api.patch(&path, &taken).await.expect_problem(409, "identity.email_taken");
    let change = json!({ "email": " Wim@b\u{fc}cher.example" });
    let changed = company.admin.api.patch(&path, &change).await.expect_status(200);
    assert_eq!(changed.json["email"], "Wim@xn--bcher-kva.example");
    company.admin.api.patch(&path, &change).await.expect_status(200);

    let login = json!({ "email": old, "password": PASSWORD });
    company.system.api.post("/auth/login", &login).await.expect_problem(401, "identity.wrong_credentials");
    let wim = company.system.api.login("wim@b\u{fc}cher.example", PASSWORD).await;
    assert_eq!(wim.read("/me").await["id"], *company.worker.id);

    company.system.settle().await;
    let recipients = async || {
        let mails = company.admin.api.read_all("/admin/emails", 200).await;
        let sent = mails.iter().filter(|mail| mail["kind"] == "address_changed" && mail["status"] == "sent");
        let recipients: BTreeSet<String> = sent.map(|mail| mail["to"].as_str().unwrap().to_owned()).collect();
        (recipients.len() == mails.len() && mails.len() == 2).then_some(recipients)
    };
    let expected = BTreeSet::from([old.to_owned(), "Wim@xn--bcher-kva.example".to_owned()]);
    assert_eq!(eventually("both mails are sent", recipients).await, expected);
    company.finish().await;
}

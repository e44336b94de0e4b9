//! Every figure compared with the ledger, over several business days (DOMAIN N1 to N4, A6).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use harness::{Company, Ledger, System, check_figures};
use serde_json::json;

/// Compares the figures with the ledger. On a clock that stands still, they are true as of now.
pub async fn check_figures_now(company: &Company, from: &str, today: &str) {
    let (from, today) = (from.parse().unwrap(), today.parse().unwrap());
    for as_of in check_figures(&company.admin, from, today, company.system.time_zone()).await {
        assert_eq!(as_of, company.system.ambient.now(), "n4: each figure has the time at which it is true");
    }
}

/// Four tasks, two completions, a run, and a third completion, each one minute after the other.
async fn work(company: &Company) {
    let mut tasks = Vec::new();
    for number in 1..=4 {
        company.system.ambient.advance(chrono::Duration::minutes(1));
        tasks.push(company.create(&format!("Task {number}")).await);
    }
    for task in &tasks[..2] {
        company.system.ambient.advance(chrono::Duration::minutes(1));
        company.complete(task).await;
    }
    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    company.system.ambient.advance(chrono::Duration::minutes(1));
    let id = tasks[2]["id"].as_str().unwrap();
    company.complete(&company.manager.api.read(&format!("/tasks/{id}")).await).await;
}

/// Reverses the latest transfer of a kind in all wallets.
async fn reverse(company: &Company, kind: &str) {
    let ledger = Ledger::read(&company.accountant.api).await;
    let line = ledger.lines.iter().filter(|line| line.kind == kind).max_by_key(|line| line.occurred_at).unwrap();
    let body = json!({ "transfer_id": line.id, "reason": "Booked by mistake" });
    company.accountant.api.post("/corrections", &body).await.expect_status(201);
}

#[tokio::test]
async fn n4_every_figure_equals_the_ledger_over_days_with_reassigns_corrections_and_an_early_close() {
    let mut company = Company::new().await;
    work(&company).await;
    company.next_morning("2026-11-03").await;
    work(&company).await;
    reverse(&company, "completion_reward").await;
    company.accountant.api.post_nothing("/days/2026-11-03/close").await.expect_status(200);
    // After the early close, the rest of Tuesday is booked into Wednesday.
    work(&company).await;
    company.next_morning("2026-11-04").await;
    work(&company).await;
    reverse(&company, "assignment_fee").await;
    company.system.settle().await;
    check_figures_now(&company, "2026-11-02", "2026-11-04").await;
    let days: BTreeSet<NaiveDate> = Ledger::read(&company.admin.api).await.lines.iter().map(|line| line.day).collect();
    assert_eq!(days.len(), 3, "each day has transfers");
    company.finish().await;
}

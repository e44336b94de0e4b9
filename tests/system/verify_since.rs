//! `verify --since`: what has changed since a day is checked in full, and earlier days count as
//! they were sealed.

use harness::{Company, TestApp, TestDatabase};
use kernel::runtime::jobs::Outcome;
use kernel::verify::{Finding, Remedy, Server};
use piecework::verification::{Report, VerifyOptions, verify};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};

/// A company with a completed and two open tasks of Monday, and one task of Tuesday. Monday is
/// closed and sealed.
struct Days {
    company: Company,
    completed: Value,
    open: Value,
    waiting: Value,
    today: Value,
}

async fn days() -> Days {
    let mut company = Company::new().await;
    let completed = company.create("Completed on Monday").await;
    company.complete(&completed).await;
    let open = company.create("Open since Monday").await;
    let waiting = company.create("Waiting since Monday").await;
    company.next_morning("2026-11-03").await;
    while company.system.application.modules.accounting.seal_next_day().await.unwrap() == Outcome::More {}
    let today = company.create("Created on Tuesday").await;
    Days { company, completed, open, waiting, today }
}

async fn report(app: &TestApp, since: Option<&str>) -> Report {
    let since = since.map(|day| day.parse().unwrap());
    verify(&app.application, VerifyOptions { since, server: Server::Primary }).await.unwrap()
}

/// What is found since Tuesday, and what is found of every day.
async fn find(app: &TestApp) -> (Vec<Finding>, Vec<Finding>) {
    (report(app, Some("2026-11-03")).await.findings, report(app, None).await.findings)
}

fn id(task: &Value) -> &str {
    task["id"].as_str().unwrap()
}

/// Draws nobody in the first draw of a task, or brings its assignee back.
async fn damage_draw(tracker: &TestDatabase, task: &Value, is_repair: bool) {
    let assignee = task["assignee"]["id"].as_str().unwrap();
    let stored = if is_repair { assignee } else { "00000000-0000-7000-8000-000000000000" };
    let statement = format!(
        "update tasks.assignments set assignee_id = '{stored}'
         where assignment = 1 and number = (select number from tasks.tasks where task_id = '{}')",
        id(task)
    );
    tracker.connect().await.execute(AssertSqlSafe(statement)).await.unwrap();
}

#[tokio::test]
async fn what_has_changed_since_a_day_is_checked_in_full() {
    let Days { company, completed, open, waiting, today } = days().await;
    let (app, tracker) = (&company.system, &company.system.environment.tracker);
    let sealed = report(app, Some("2026-11-03")).await;
    assert_eq!((sealed.findings, sealed.checked_since), (vec![], "2026-11-03".parse().ok()));
    let is_of = |found: &[Finding], task: &Value| found.iter().any(|one| one.detail.contains(id(task)));

    // A task of today.
    damage_draw(tracker, &today, false).await;
    let (since, all) = find(app).await;
    assert!(is_of(&since, &today) && is_of(&all, &today), "{since:?} {all:?}");
    damage_draw(tracker, &today, true).await;

    // A task that did not change today is trusted.
    for task in [&completed, &open, &waiting] {
        damage_draw(tracker, task, false).await;
        let (since, all) = find(app).await;
        assert!(since.is_empty() && is_of(&all, task), "{since:?} {all:?}");
        damage_draw(tracker, task, true).await;
    }

    // It is checked from its beginning as soon as it changes.
    company.complete(&open).await;
    damage_draw(tracker, &open, false).await;
    let (since, _) = find(app).await;
    assert!(is_of(&since, &open), "{since:?}");
    damage_draw(tracker, &open, true).await;

    company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    app.finish_runs(&company.manager).await;
    damage_draw(tracker, &waiting, false).await;
    let (since, _) = find(app).await;
    assert!(is_of(&since, &waiting), "{since:?}");
    damage_draw(tracker, &waiting, true).await;
    company.finish().await;
}

#[tokio::test]
async fn a_fact_that_only_one_database_has_is_found_since_its_day() {
    let Days { company, today, .. } = days().await;
    let app = &company.system;
    let mut accounting = app.environment.accounting.connect().await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    let change = async |connection: &mut sqlx::PgConnection, from: &str, to: &str| {
        let statement = format!(
            "alter table accounting.transfers disable trigger transfers_append_only;
             update accounting.transfers set task_id = '{to}' where task_id = '{from}';
             update accounting.prices set task_id = '{to}' where task_id = '{from}';
             alter table accounting.transfers enable trigger transfers_append_only"
        );
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    };
    change(&mut accounting, id(&today), unknown).await;
    let found = report(app, Some("2026-11-03")).await.findings;
    let expected = [
        Finding::new(2, format!("task {unknown} is in the ledger, but there is no such task"), Remedy::Reconcile),
        Finding::new(2, format!("task {} is not known to accounting", id(&today)), Remedy::Replay),
    ];
    assert_eq!(found, expected);
    change(&mut accounting, unknown, id(&today)).await;
    company.finish().await;
}

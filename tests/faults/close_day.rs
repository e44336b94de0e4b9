//! The close of a business day: killed half way, and from the command line.

use harness::{Api, PASSWORD, Server, assert_verified, complete_path, create_person, eventually, piecework};
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::data_directory::DataDirectory;

/// A server with workers who have a positive balance each.
pub async fn with_earnings(data: &DataDirectory, workers: &[&str]) -> Server {
    for email in workers {
        create_person(&data.path(), email, "worker").await;
    }
    create_person(&data.path(), "anna@example.org", "accountant").await;
    let server = data.serve().await;
    let mut people = Vec::new();
    for email in workers {
        people.push(server.api.login(email, PASSWORD).await);
    }
    // The reward of a completed task is not less than its fee.
    let all_earn = async || {
        people[0].create_task("Answer a letter").await;
        let mut all_earn = true;
        for worker in &people {
            all_earn &= complete_all(worker).await > 0;
        }
        all_earn.then_some(())
    };
    eventually("every worker has a positive balance", all_earn).await;
    server
}

/// Completes all tasks of a worker. Returns the balance that is booked so far.
async fn complete_all(worker: &Api) -> i64 {
    for task in worker.read_all("/tasks?assignee=me&status=open", 200).await {
        worker.post_nothing(&complete_path(&task)).await.ok();
    }
    worker.get("/wallets/me").await.ok()["balance"]["amount_minor"].as_i64().unwrap()
}

#[tokio::test]
async fn a8_a_close_that_is_killed_half_way_pays_every_worker_once() {
    let data = DataDirectory::new();
    let workers = ["ann@example.org", "ben@example.org"];
    let mut server = with_earnings(&data, &workers).await;
    let anna = server.api.login("anna@example.org", PASSWORD).await;
    let today = anna.read_all("/days", 200).await[0]["date"].as_str().unwrap().to_owned();

    // The transaction has inserted the payouts. Its insert into the outbox waits for this lock.
    let mut accounting = data.postgres().connect("accounting").await;
    let mut lock = accounting.begin().await.unwrap();
    lock.execute("lock table accounting.outbox in exclusive mode").await.unwrap();
    let closing = tokio::spawn({
        let (anna, path) = (anna.clone(), format!("/days/{today}/close"));
        async move { anna.try_post(&path, &Value::Null).await }
    });
    let mut observer = data.postgres().connect("accounting").await;
    let half_way = async || {
        let waits = "select exists (
                select from pg_stat_activity
                where wait_event_type = 'Lock' and query like '%insert into accounting.outbox%'
            ) and exists (
                select from pg_locks
                where relation = 'accounting.transfers'::regclass and mode = 'RowExclusiveLock'
            )";
        sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut observer).await.unwrap().then_some(())
    };
    eventually("the close is half way", half_way).await;
    server.kill();
    assert!(closing.await.unwrap().is_err(), "a killed server does not answer");
    // The embedded PostgreSQL has stopped with its only user, and has closed this connection.
    drop(lock);

    let server = data.serve().await;
    let anna = anna.moved_to(&server.api);
    assert_eq!(anna.read_all("/payouts", 200).await.len(), 0, "an interrupted close has no effect");
    let day = anna.post_nothing(&format!("/days/{today}/close")).await.ok();
    assert_eq!(day["payouts"], workers.len());
    for email in workers {
        let worker = server.api.login(email, PASSWORD).await;
        assert_eq!(worker.get("/wallets/me").await.ok()["balance"]["amount_minor"], 0);
    }
    assert_eq!(anna.read_all("/payouts", 200).await.len(), workers.len());
    assert_verified(&data.path()).await;
    let mails = async || {
        let written = std::fs::read_dir(data.path().join("mail")).map_or(0, Iterator::count);
        (written >= workers.len()).then_some(written)
    };
    assert_eq!(eventually("the mails are written", mails).await, workers.len());
    server.stop().await;
}

#[tokio::test]
async fn a8_close_day_previews_and_closes_today_once_and_refuses_other_dates() {
    let data = DataDirectory::new();
    let server = with_earnings(&data, &["ann@example.org"]).await;
    let anna = server.api.login("anna@example.org", PASSWORD).await;
    let today = anna.read_all("/days", 200).await[0]["date"].as_str().unwrap().to_owned();
    let close =
        async |arguments: &[&str]| piecework(&data.path(), &[&["close-day"], arguments].concat()).finish().await;

    assert!(close(&[]).await.ok().contains("No day is due"));
    let shown = close(&["--dry-run", "--json"]).await.json();
    assert_eq!((&shown["date"], &shown["payouts"]), (&json!(today), &json!(1)));
    assert!(shown["paid"]["amount_minor"].as_i64().unwrap() > 0);
    assert_eq!(anna.read_all("/payouts", 200).await.len(), 0, "a dry run has no payouts");

    let closed = close(&["--date", &today, "--json"]).await.json();
    assert_eq!((&closed["closed"][0]["date"], &closed["closed"][0]["payouts"]), (&json!(today), &json!(1)));
    assert_eq!(closed["closed"][0]["paid_minor"], shown["paid"]["amount_minor"]);
    assert!(close(&["--date", &today]).await.ok().contains("already closed"));
    assert_eq!(anna.read_all("/payouts", 200).await.len(), 1);

    assert!(close(&["--date", "2999-12-31"]).await.failed(1).contains("2999-12-31"));
    assert!(close(&["--date", "2001-01-01"]).await.failed(1).contains("2001-01-01"));
    close(&["--date", "the day before"]).await.failed(2);
    close(&["--date", "2026-02-30"]).await.failed(2);
    server.stop().await;
    assert_verified(&data.path()).await;
}

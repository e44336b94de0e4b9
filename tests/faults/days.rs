//! Closing days from the command line, and a close that is killed.

use harness::eventually;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::ground::Ground;
use crate::http::Api;
use crate::program::{Server, add_person, piecework, serve, verify_holds};

/// A server with workers who have each earned more than they paid.
async fn earned(ground: &Ground, workers: &[&str]) -> Server {
    for email in workers {
        add_person(ground, email, "worker").await;
    }
    add_person(ground, "anna@example.org", "accountant").await;
    let server = serve(ground).await;
    let mut people = Vec::new();
    for email in workers {
        people.push(server.api.log_in(email).await);
    }
    // A task that is completed has brought more than it cost, or as much.
    let all_earn = async || {
        people[0].create_task("Answer a letter").await;
        let mut all_earn = true;
        for worker in &people {
            all_earn &= complete_all(worker).await > 0;
        }
        all_earn.then_some(())
    };
    eventually("everybody earns something", all_earn).await;
    server
}

/// Completes all tasks of a worker; the balance as it is then known.
async fn complete_all(worker: &Api) -> i64 {
    for task in worker.all("/tasks?assignee=me&status=open").await {
        worker.post(&format!("/tasks/{}/complete", task["id"].as_str().unwrap()), Value::Null).await.ok();
    }
    worker.get("/wallets/me").await.ok()["balance"]["amount_minor"].as_i64().unwrap()
}

#[tokio::test]
async fn a8_a_close_that_is_killed_half_way_pays_everybody_once() {
    let ground = Ground::new();
    let workers = ["ann@example.org", "ben@example.org"];
    let server = earned(&ground, &workers).await;
    let anna = server.api.log_in("anna@example.org").await;
    let today = anna.all("/days").await[0]["date"].as_str().unwrap().to_owned();

    // The payouts are in the transaction, their event is not yet: there it has to wait for us.
    let mut accounting = ground.postgres().connect("accounting").await;
    let mut lock = accounting.begin().await.unwrap();
    lock.execute("lock table accounting.outbox in exclusive mode").await.unwrap();
    let closing = tokio::spawn({
        let (anna, path) = (anna.clone(), format!("/days/{today}/close"));
        async move { anna.try_post(&path, Value::Null).await }
    });
    let mut looking = ground.postgres().connect("accounting").await;
    let half_way = async || {
        let waits = "select exists (
                select from pg_stat_activity
                where wait_event_type = 'Lock' and query like '%insert into accounting.outbox%'
            ) and exists (
                select from pg_locks
                where relation = 'accounting.transfers'::regclass and mode = 'RowExclusiveLock'
            )";
        sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut looking).await.unwrap().then_some(())
    };
    eventually("the close is half way", half_way).await;
    server.kill();
    assert!(closing.await.unwrap().is_err(), "nobody can have answered");
    // The embedded server has ended with its only user, and with it whoever looked on.
    drop(lock);

    let server = serve(&ground).await;
    let anna = anna.moved_to(&server.api);
    assert_eq!(anna.all("/payouts").await.len(), 0, "half a close must not have happened");
    let day = anna.post(&format!("/days/{today}/close"), Value::Null).await.ok();
    assert_eq!(day["payouts"], workers.len());
    for email in workers {
        let worker = server.api.log_in(email).await;
        assert_eq!(worker.get("/wallets/me").await.ok()["balance"]["amount_minor"], 0);
    }
    assert_eq!(anna.all("/payouts").await.len(), workers.len());
    verify_holds(&ground.data_dir()).await;
    let mails = async || {
        let written = std::fs::read_dir(ground.data_dir().join("mail")).map_or(0, Iterator::count);
        (written >= workers.len()).then_some(written)
    };
    assert_eq!(eventually("the mails are written", mails).await, workers.len());
    server.stop().await;
}

#[tokio::test]
async fn a8_close_day_shows_closes_today_once_and_refuses_what_has_not_begun() {
    let ground = Ground::new();
    let server = earned(&ground, &["ann@example.org"]).await;
    let anna = server.api.log_in("anna@example.org").await;
    let today = anna.all("/days").await[0]["date"].as_str().unwrap().to_owned();
    let close =
        async |arguments: &[&str]| piecework(&ground.data_dir(), &[&["close-day"], arguments].concat()).finish().await;

    assert!(close(&[]).await.ok().contains("No day is due"));
    let shown = close(&["--dry-run", "--json"]).await.json();
    assert_eq!((&shown["date"], &shown["payouts"]), (&json!(today), &json!(1)));
    assert!(shown["paid"]["amount_minor"].as_i64().unwrap() > 0);
    assert_eq!(anna.all("/payouts").await.len(), 0, "a dry run pays nobody");

    let closed = close(&["--date", &today, "--json"]).await.json();
    assert_eq!((&closed["closed"][0]["date"], &closed["closed"][0]["payouts"]), (&json!(today), &json!(1)));
    assert_eq!(closed["closed"][0]["paid_minor"], shown["paid"]["amount_minor"]);
    assert!(close(&["--date", &today]).await.ok().contains("already closed"));
    assert_eq!(anna.all("/payouts").await.len(), 1);

    assert!(close(&["--date", "2999-12-31"]).await.failed(1).contains("2999-12-31"));
    assert!(close(&["--date", "2001-01-01"]).await.failed(1).contains("2001-01-01"));
    close(&["--date", "the day before"]).await.failed(2);
    close(&["--date", "2026-02-30"]).await.failed(2);
    server.stop().await;
    verify_holds(&ground.data_dir()).await;
}

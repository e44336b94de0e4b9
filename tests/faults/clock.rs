//! A server whose clock is or was wrong: it says so, and people can be paid.

use chrono::{Days, NaiveDate};
use harness::{PASSWORD, Run, Server, assert_verified, eventually, piecework};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection;

use crate::close_day::with_earnings;
use crate::data_directory::DataDirectory;

/// Moves the open day of an installation without bookings, as a start with a wrong clock does.
async fn move_open_day(data: &DataDirectory, days: i32) -> NaiveDate {
    let server = data.serve().await;
    let mut accounting = data.postgres().connect("accounting").await;
    let moved = "update accounting.days
        set business_day = business_day + $1, opened_at = opened_at + make_interval(days => $1)
        where closed_at is null returning business_day";
    let open_day = sqlx::query_scalar(moved).bind(days).fetch_one(&mut accounting).await.unwrap();
    accounting.close().await.unwrap();
    server.stop().await;
    open_day
}

async fn readiness(server: &Server) -> Value {
    let answer = server.api.request_outside(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Waits for the notice in `/readyz`.
async fn noticed(server: &Server, text: &str) {
    eventually("readyz has the notice", async || {
        let ready = readiness(server).await;
        assert_eq!((&ready["reads"], &ready["writes"]), (&json!(true), &json!(true)));
        ready["notices"].to_string().contains(text).then_some(())
    })
    .await;
}

fn close_day(data: &DataDirectory, arguments: &[&str]) -> Run {
    piecework(&data.path(), &[&["close-day"], arguments].concat())
}

/// The doctor fails, and its advice names the command.
async fn assert_doctor_advises(data: &DataDirectory, command: &str) {
    let outcome = piecework(&data.path(), &["doctor", "--json"]).finish().await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let checks: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let check = checks.iter().find(|check| check["name"] == "state of accounting").unwrap();
    assert!(check["ok"] == false && check["advice"].as_str().unwrap().contains(command), "{check}");
}

#[tokio::test]
async fn an_open_day_in_the_future_is_reported_everywhere_and_an_accountant_closes_it_by_its_date() {
    let data = DataDirectory::new();
    let open_day = move_open_day(&data, 300).await;
    let today = open_day.checked_sub_days(Days::new(300)).unwrap();
    let server = with_earnings(&data, &["ann@example.org"]).await;
    let text = format!("the open day {open_day} lies in the future");
    noticed(&server, &text).await;
    let said = server.log().matches(&text).count();
    assert_eq!(said, 1, "the log says it once: {}", server.log());
    let command = format!("piecework close-day --date {open_day}");
    assert_doctor_advises(&data, &command).await;
    assert!(close_day(&data, &[]).finish().await.ok().contains(&command));
    assert!(close_day(&data, &["--dry-run"]).finish().await.ok().contains(&command));
    let closed = close_day(&data, &["--json"]).finish().await.json();
    assert_eq!((&closed["closed"], &closed["open_day"]), (&json!([]), &json!(open_day)));
    assert!(closed["notice"]["advice"].as_str().unwrap().contains(&command), "{closed}");
    assert!(piecework(&data.path(), &["verify"]).finish().await.ok().contains(&command));
    assert_verified(&data.path()).await;

    let anna = server.api.login("anna@example.org", PASSWORD).await;
    let refused = anna.post_nothing(&format!("/days/{today}/close")).await;
    assert!([404, 409].contains(&refused.status), "{refused:?}");
    let paid = anna.post_nothing(&format!("/days/{open_day}/close")).await.ok();
    assert_eq!((&paid["payouts"], &paid["status"]), (&json!(1), &json!("closed")));
    let next = open_day.succ_opt().unwrap();
    let by_command = close_day(&data, &["--date", &next.to_string(), "--json"]).finish().await.json();
    assert_eq!(by_command["closed"][0]["date"], json!(next));
    assert_verified(&data.path()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_start_with_a_clock_far_ahead_closes_nothing_and_a_named_day_closes_what_is_due() {
    let data = DataDirectory::new();
    let open_day = move_open_day(&data, -300).await;
    let server = data.serve().await;
    noticed(&server, &format!("the open day is {open_day}")).await;
    let days_closed = async || {
        let mut accounting = data.postgres().connect("accounting").await;
        let count = sqlx::query_scalar::<_, i64>("select count(*) from accounting.days where closed_at is not null");
        count.fetch_one(&mut accounting).await.unwrap()
    };
    assert_eq!(days_closed().await, 0);
    let yesterday = open_day.checked_add_days(Days::new(299)).unwrap().to_string();
    let command = format!("piecework close-day --date {yesterday}");
    assert_doctor_advises(&data, &command).await;
    let refused = close_day(&data, &[]).finish().await.failed(1);
    assert!(refused.contains(&command), "{refused}");
    close_day(&data, &["--date", &yesterday]).finish().await.ok();
    assert!(days_closed().await >= 299);
    eventually("the notice is gone", async || (readiness(&server).await["notices"] == json!([])).then_some(())).await;
    server.stop().await;
    assert_verified(&data.path()).await;
}

#[tokio::test]
async fn jobs_that_a_clock_ahead_has_woken_run_on_the_true_clock() {
    let data = DataDirectory::new();
    let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
    let settings = [
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &*tracker.url()),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &*accounting.url()),
    ];
    let mut server = data.serve_with(&settings).await;
    let email = server.first_admin().await.email;
    server.stop().await;
    // A process ended before its jobs took what its clock had stored.
    let mut database = accounting.connect().await;
    let woken = "with jobs as (select distinct job_type from apalis.jobs), old as (delete from apalis.jobs)
        insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
        select apalis.generate_ulid(), job_type, 'null'::bytea, 'Pending', 0, 1, now() + interval '300 days', 0 from jobs";
    assert!(sqlx::query(woken).execute(&mut database).await.unwrap().rows_affected() >= 2);

    let server = data.serve_with(&settings).await;
    let ada = server.api.login(&email, PASSWORD).await;
    let ben = json!({ "email": "ben@example.org", "name": "Ben", "role": "worker" });
    ada.post("/people/batch", &json!({ "people": [ben], "invite": true })).await.ok();
    let mails = async || std::fs::read_dir(data.path().join("mail")).ok()?.next().map(drop);
    eventually("the mail is written", mails).await;
    server.stop().await;
}

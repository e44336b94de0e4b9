//! Which server answers a read: a replica if it is fresh enough, otherwise the primary.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::{Answer, Pair, ReplicatedEnvironment, eventually, send};
use kernel::db::{EndpointSettings, Endpoints, ModuleRole};
use kernel::{Ambient, ReadPool};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::people::{Admin, admin_of, create, hire_worker, instant, is_stale, position, read_after};

/// A role that does not exist: the sessions stay in the role of the login.
pub const NO_ROLE: ModuleRole = ModuleRole::owning("nobody");

/// Whether a page of tasks contains this title.
pub fn shows(answer: &Answer, title: &str) -> bool {
    let items = answer.json["items"].as_array().unwrap();
    items.iter().any(|task| task["title"] == title)
}

pub async fn tasks(admin: &Admin) -> Answer {
    admin.api.get("/tasks").await.expect_status(200)
}

#[tokio::test]
async fn reads_go_to_the_replica_and_a_client_sees_what_it_has_written() {
    let environment = ReplicatedEnvironment::with_own_servers()
        .await
        .set("TRACKER__MAX_LAG_MS", "3600000")
        .set("ACCOUNTING__MAX_LAG_MS", "3600000");
    let mut app = environment.start().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.until_replicas_are_used().await;
    let before = create(&admin, "Before").await.expect_status(201);
    assert!(shows(&read_after(&admin, "/tasks", &position(&before)).await, "Before"));

    app.settle().await;
    app.environment.pair.pause_replay().await;
    let written = create(&admin, "Unseen").await.expect_status(201);
    app.settle().await;
    assert!(
        !shows(&tasks(&admin).await, "Unseen"),
        "the primary has answered, because the replica does not have the task"
    );

    let seen = read_after(&admin, "/tasks", &position(&written)).await.expect_status(200);
    assert!(shows(&seen, "Unseen") && !is_stale(&seen));
    let cookie = written.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    let by_cookie = admin.api.request(Method::GET, "/tasks").header("cookie", cookie.split(';').next().unwrap());
    assert!(shows(&send(by_cookie).await, "Unseen"));
    let strong = admin.api.get("/tasks?limit=10&consistency=strong").await.expect_status(200);
    assert!(shows(&strong, "Unseen") && !is_stale(&strong));

    // Figures from the replica are true as of the time at which its replay was paused.
    let paused = app.ambient.now();
    app.ambient.advance(chrono::Duration::hours(1));
    let summary = admin.api.read("/analytics/summary").await;
    assert!(instant(&summary["as_of"]) <= paused, "{summary}");
    let summary = admin.api.read("/analytics/summary?consistency=strong").await;
    assert_eq!(instant(&summary["as_of"]), app.ambient.now());

    // Without a primary, reads get an old answer that is marked as stale.
    app.environment.tracker.primary.cut().await;
    app.until_ready("the failure is noticed", |ready| ready["databases"]["tracker"]["writes"] == false).await;
    for old in [
        read_after(&admin, "/tasks", &position(&written)).await,
        admin.api.get("/tasks?consistency=strong").await,
        admin.api.get("/tasks").await,
    ] {
        assert!(is_stale(&old.clone().expect_status(200)) && !shows(&old, "Unseen"), "{old:?}");
    }
    app.environment.tracker.primary.restore().await;
    app.environment.pair.resume_replay().await;
    eventually("the replica catches up", async || shows(&tasks(&admin).await, "Unseen").then_some(())).await;
    app.until_ready("the primary accepts writes again", |ready| ready["writes"] == true).await;
    app.finish().await;
}

#[tokio::test]
async fn a_replica_with_too_much_lag_is_not_used_until_it_has_caught_up() {
    let app = ReplicatedEnvironment::with_own_servers().await.set("TRACKER__MAX_LAG_MS", "1").start().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    app.until_replicas_are_used().await;
    app.environment.pair.pause_replay().await;
    create(&admin, "Unseen").await.expect_status(201);
    let replica = |ready: &Value| ready["databases"]["tracker"]["replicas"][0].as_str().unwrap().to_owned();
    app.until_ready("the replica has too much lag", |ready| replica(ready).starts_with("too far behind")).await;
    let fresh = tasks(&admin).await;
    assert!(shows(&fresh, "Unseen") && !is_stale(&fresh));
    app.environment.pair.resume_replay().await;
    app.until_replicas_are_used().await;
    app.finish().await;
}

#[tokio::test]
async fn a_read_that_recovery_cancels_is_tried_once_on_the_primary() {
    let pair = Pair::start().await;
    let database = pair.database().await;
    let mut primary = pair.connect_primary(&database).await;
    primary.execute("create table numbers as select generate_series(1, 1000) as number").await.unwrap();
    let mut standby = pair.connect_standby("postgres").await;
    // The replica cancels readers at once, instead of delaying its replay.
    standby.execute("alter system set max_standby_streaming_delay = 0").await.unwrap();
    standby.execute("select pg_reload_conf()").await.unwrap();
    let endpoints = Endpoints::new("tests", endpoints_of(&pair, &database), Ambient::system());
    endpoints.open().await.unwrap();
    until_replica_is_used(&endpoints).await;

    let tries = AtomicU32::new(0);
    let answer = ReadPool::on_endpoints(&endpoints, 2, NO_ROLE)
        .run_in_snapshot(async |snapshot| {
            let rows: i64 = sqlx::query_scalar("select count(*) from numbers").fetch_one(&mut **snapshot).await?;
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                // Removes rows that this snapshot still reads.
                let mut primary = pair.connect_primary(&database).await;
                primary.execute("delete from numbers where number > 400").await?;
                primary.execute("vacuum numbers").await?;
                snapshot.execute("select pg_sleep(60)").await?;
            }
            let is_replica: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut **snapshot).await?;
            Ok((rows, is_replica, snapshot.as_of().is_some()))
        })
        .await;
    assert_eq!(answer.unwrap(), (400, false, false));
    assert_eq!(tries.into_inner(), 2);
}

#[tokio::test]
async fn a_session_that_reads_cannot_write() {
    let pair = Pair::start().await;
    let database = pair.database().await;
    pair.connect_primary(&database).await.execute("create table things ()").await.unwrap();
    let endpoints = Endpoints::new("tests", endpoints_of(&pair, &database), Ambient::system());
    endpoints.open().await.unwrap();
    until_replica_is_used(&endpoints).await;
    let pool = ReadPool::on_endpoints(&endpoints, 2, NO_ROLE);
    let insert = async || {
        let inserted = pool.run(async |connection| connection.execute("insert into things default values").await);
        inserted.await.unwrap_err().to_string()
    };
    let refused = "cannot execute INSERT in a read-only transaction";
    let error = insert().await;
    assert!(error.contains(refused), "neither the replica nor the primary accepts it: {error}");
    let alone = ReadPool::new(pair.primary_url(&database).parse().unwrap(), 1, NO_ROLE);
    let inserted = alone.run(async |connection| connection.execute("insert into things default values").await);
    let error = inserted.await.unwrap_err().to_string();
    assert!(error.contains(refused), "{error}");
    let mut primary = pair.connect_primary(&database).await;
    let count: i64 = sqlx::query_scalar("select count(*) from things").fetch_one(&mut primary).await.unwrap();
    assert_eq!(json!(count), 0);
    primary.close().await.unwrap();
}

/// The endpoints of a database of the pair.
pub fn endpoints_of(pair: &Pair, database: &str) -> EndpointSettings {
    EndpointSettings {
        primary: pair.primary_url(database).parse().unwrap(),
        successors: Vec::new(),
        replicas: vec![pair.standby_url(database).parse().unwrap()],
        max_lag: Duration::from_secs(3600),
        acquire_timeout: kernel::db::REQUEST_ACQUIRE_TIMEOUT,
    }
}

pub async fn until_replica_is_used(endpoints: &Endpoints) {
    eventually("the replica is used", async || {
        endpoints.probe_if_older_than(Duration::ZERO).await;
        (endpoints.health().replicas == [kernel::db::EndpointHealth::Healthy]).then_some(())
    })
    .await;
}

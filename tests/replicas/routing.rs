//! Which server answers: a replica where one will do, the primary where none will.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::{Pair, eventually};
use kernel::db::{Cluster, Endpoints, ModuleRole};
use kernel::{Ambient, ReadPool};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

use crate::api::{Answer, send};
use crate::support::{Admin, Ground, create, instant, is_stale, position, read_after};

/// There is no such schema: the sessions keep the role of the login.
const NOBODY: ModuleRole = ModuleRole::owning("nobody");

fn shows(answer: &Answer, title: &str) -> bool {
    let items = answer.json["items"].as_array().unwrap();
    items.iter().any(|task| task["title"] == title)
}

async fn tasks(admin: &Admin) -> Answer {
    admin.api.get("/tasks").await.expect_status(200)
}

#[tokio::test]
async fn reads_go_to_the_replica_and_a_client_sees_what_it_has_written() {
    let ground = Ground::alone().await.set("TRACKER__MAX_LAG_MS", "3600000").set("ACCOUNTING__MAX_LAG_MS", "3600000");
    let mut world = ground.start().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.until_replicas_are_used().await;
    let before = create(&admin, "Before").await.expect_status(201);
    assert!(shows(&read_after(&admin, "/tasks", &position(&before)).await, "Before"));

    world.settle().await;
    world.ground.pair.pause_replay().await;
    let written = create(&admin, "Unseen").await.expect_status(201);
    world.settle().await;
    assert!(!shows(&tasks(&admin).await, "Unseen"), "the replica does not have it, so the primary has answered");

    let seen = read_after(&admin, "/tasks", &position(&written)).await.expect_status(200);
    assert!(shows(&seen, "Unseen") && !is_stale(&seen));
    let cookie = written.header("set-cookie").unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    let by_cookie = admin.api.request(Method::GET, "/tasks").header("cookie", cookie.split(';').next().unwrap());
    assert!(shows(&send(by_cookie).await, "Unseen"));
    let strong = admin.api.get("/tasks?limit=10&consistency=strong").await.expect_status(200);
    assert!(shows(&strong, "Unseen") && !is_stale(&strong));

    // Figures of the replica are true as of when it stood still, however late it is by now.
    let stood_still = world.ambient.now();
    world.ambient.advance(chrono::Duration::hours(1));
    let summary = admin.api.read("/analytics/summary").await;
    assert!(instant(&summary["as_of"]) <= stood_still, "{summary}");
    let summary = admin.api.read("/analytics/summary?consistency=strong").await;
    assert_eq!(instant(&summary["as_of"]), world.ambient.now());

    // Without a primary an old answer is better than none, and says so.
    world.ground.tracker.primary.cut().await;
    world.until_ready("the primary is missed", |ready| ready["databases"]["tracker"]["writes"] == false).await;
    for old in [
        read_after(&admin, "/tasks", &position(&written)).await,
        admin.api.get("/tasks?consistency=strong").await,
        admin.api.get("/tasks").await,
    ] {
        assert!(is_stale(&old.clone().expect_status(200)) && !shows(&old, "Unseen"), "{old:?}");
    }
    world.ground.tracker.primary.mend().await;
    world.ground.pair.resume_replay().await;
    eventually("the replica catches up", async || shows(&tasks(&admin).await, "Unseen").then_some(())).await;
    world.until_ready("the primary is back", |ready| ready["writes"] == true).await;
    world.finish().await;
}

#[tokio::test]
async fn a_replica_too_far_behind_is_left_out_until_it_has_caught_up() {
    let world = Ground::alone().await.set("TRACKER__MAX_LAG_MS", "1").start().await;
    let admin = world.admin().await;
    world.hire_worker(&admin).await;
    world.until_replicas_are_used().await;
    world.ground.pair.pause_replay().await;
    create(&admin, "Unseen").await.expect_status(201);
    let replica = |ready: &Value| ready["databases"]["tracker"]["replicas"][0].as_str().unwrap().to_owned();
    world.until_ready("it is too far behind", |ready| replica(ready).starts_with("too far behind")).await;
    let fresh = tasks(&admin).await;
    assert!(shows(&fresh, "Unseen") && !is_stale(&fresh));
    world.ground.pair.resume_replay().await;
    world.until_replicas_are_used().await;
    world.finish().await;
}

#[tokio::test]
async fn a_read_cut_off_by_recovery_is_tried_once_elsewhere() {
    let pair = Pair::start().await;
    let database = pair.database().await;
    let mut primary = pair.connect_primary(&database).await;
    primary.execute("create table seen as select generate_series(1, 1000) as number").await.unwrap();
    let mut standby = pair.connect_standby("postgres").await;
    // Recovery does not wait for readers.
    standby.execute("alter system set max_standby_streaming_delay = 0").await.unwrap();
    standby.execute("select pg_reload_conf()").await.unwrap();
    let cluster = cluster_of(&pair, &database);
    cluster.open().await.unwrap();
    until_replica_is_used(&cluster).await;

    let tries = AtomicU32::new(0);
    let answer = ReadPool::in_cluster(&cluster, 2, NOBODY)
        .run_in_snapshot(async |snapshot| {
            let rows: i64 = sqlx::query_scalar("select count(*) from seen").fetch_one(&mut **snapshot).await?;
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                // What this snapshot still sees is taken away.
                let mut primary = pair.connect_primary(&database).await;
                primary.execute("delete from seen where number > 400").await?;
                primary.execute("vacuum seen").await?;
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
    let cluster = cluster_of(&pair, &database);
    cluster.open().await.unwrap();
    until_replica_is_used(&cluster).await;
    let pool = ReadPool::in_cluster(&cluster, 2, NOBODY);
    let insert = async || {
        let inserted = pool.run(async |connection| connection.execute("insert into things default values").await);
        inserted.await.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned()
    };
    assert_eq!(insert().await, "25006", "on the replica, and then on the primary");
    let alone = ReadPool::new(pair.primary_url(&database).parse().unwrap(), 1, NOBODY);
    let inserted = alone.run(async |connection| connection.execute("insert into things default values").await);
    assert_eq!(inserted.await.unwrap_err().into_database_error().unwrap().code().unwrap(), "25006");
    let mut primary = pair.connect_primary(&database).await;
    let count: i64 = sqlx::query_scalar("select count(*) from things").fetch_one(&mut primary).await.unwrap();
    assert_eq!(json!(count), 0);
    primary.close().await.unwrap();
}

fn cluster_of(pair: &Pair, database: &str) -> std::sync::Arc<Cluster> {
    let endpoints = Endpoints {
        primary: pair.primary_url(database).parse().unwrap(),
        replicas: vec![pair.standby_url(database).parse().unwrap()],
        max_lag: Duration::from_secs(3600),
        patience: kernel::db::REQUEST_PATIENCE,
    };
    Cluster::new("tests", endpoints, Ambient::system())
}

async fn until_replica_is_used(cluster: &Cluster) {
    eventually("the replica is used", async || {
        cluster.look_unless_looked(Duration::ZERO).await;
        (cluster.conditions().replicas == [kernel::db::Condition::Fit]).then_some(())
    })
    .await;
}

//! Starting while databases are away, and on addresses that are wrong.

use harness::eventually;
use kernel::db::ModuleRole;
use piecework::Options;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::support::{Ground, create};

#[tokio::test]
async fn a_server_starts_without_its_databases_and_opens_when_they_are_there() {
    let mut ground = Ground::new().await;
    ground.tracker.cut().await;
    ground.accounting.cut().await;
    let mut world = ground.start().await;
    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (503, &json!(false), &json!(false)), "{ready}");
    let body = json!({ "email": "ada@example.org", "password": "correct horse battery" });
    let refused = world.api.post("/auth/login", &body).await.expect_problem(503, "database_unavailable");
    assert!(refused.header("retry-after").is_some());
    let anybody = world.api.with_token("a token").get("/tasks").await;
    anybody.expect_problem(503, "database_unavailable");

    // One of them is enough for its modules.
    world.ground.tracker.mend().await;
    world.until_ready("tracker is open", |ready| ready["databases"]["tracker"]["writes"] == true).await;
    let admin = world.admin().await;
    admin.api.get("/people").await.expect_status(200);
    admin.api.get("/wallets/me").await.expect_problem(503, "database_unavailable");
    world.ground.accounting.mend().await;
    world.until_replicas_are_used().await;
    world.hire_worker(&admin).await;
    create(&admin, "First").await.expect_status(201);
    world.finish().await;
}

#[tokio::test]
async fn a_database_that_is_there_but_not_migrated_is_not_asked() {
    let mut ground = Ground::new().await;
    ground.tracker.cut().await;
    let mut world = ground.start().await;
    // The migrations wait for whoever makes the same schema.
    let mut other = world.ground.pair.connect_primary(&world.ground.tracker.name).await;
    let mut making = other.begin().await.unwrap();
    making.execute("create schema identity").await.unwrap();
    world.ground.tracker.mend().await;
    let mut watching = world.ground.pair.connect_primary(&world.ground.tracker.name).await;
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock' and query ilike '%schema%'";
    eventually("the migrations wait", async || {
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut watching).await.unwrap();
        (count > 0).then_some(())
    })
    .await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse battery" });
    world.api.post("/auth/login", &body).await.expect_problem(503, "database_unavailable");
    let (status, ready) = world.readiness().await;
    assert_eq!((status, &ready["databases"]["tracker"]["reads"]), (503, &json!(false)), "{ready}");
    making.rollback().await.unwrap();
    world.until_replicas_are_used().await;
    world.until_ready("tracker is open", |ready| ready["reads"] == true).await;
    world.api.post("/auth/login", &body).await.expect_problem(401, "identity.wrong_credentials");
    world.finish().await;
}

#[tokio::test]
async fn a_server_that_started_without_its_database_is_in_its_modules_roles_also_on_the_replica() {
    let mut ground = Ground::new().await;
    ground.tracker.cut().await;
    let mut world = ground.start().await;
    world.api.with_token("a token").get("/tasks").await.expect_problem(503, "database_unavailable");
    world.ground.tracker.mend().await;
    world.until_replicas_are_used().await;
    world.until_ready("tracker is open", |ready| ready["databases"]["tracker"]["writes"] == true).await;
    let admin = world.admin().await;
    let status = async || admin.api.get("/tasks").await.status;
    assert_eq!(status().await, 200);

    // Takes nothing from the login.
    let mut primary = world.ground.pair.connect_primary(&world.ground.tracker.name).await;
    let role = ModuleRole::owning("tasks").look(&mut primary).await.unwrap().name;
    let revoke = format!("revoke select on all tables in schema tasks from {role}");
    primary.execute(sqlx::AssertSqlSafe(revoke)).await.unwrap();
    world.ground.tracker.primary.cut().await;
    eventually("the replica's session is refused", async || (status().await == 500).then_some(())).await;
    world.ground.tracker.primary.mend().await;
    assert_eq!(ModuleRole::owning("tasks").provide(&mut primary).await.unwrap().obstacle, None);
    eventually("reads are answered again", async || (status().await == 200).then_some(())).await;
    world.until_replicas_are_used().await;
    world.finish().await;
}

#[tokio::test]
async fn a_command_does_nothing_without_its_databases() {
    let mut ground = Ground::new().await;
    ground.accounting.cut().await;
    let refused = ground.refused(Options::command()).await;
    assert_eq!(refused.exit_code(), 1);
    assert!(refused.to_string().contains("the database accounting"), "{refused}");
}

#[tokio::test]
async fn a_write_url_of_a_replica_is_refused() {
    let ground = Ground::new().await;
    let replica = ground.replica_url(&ground.tracker);
    let ground = ground.set("TRACKER__WRITE_URL", &replica);
    for options in [Options::serve(), Options::command()] {
        let refused = ground.refused(options).await;
        assert!(refused.to_string().contains("databases.tracker.write_url leads to a replica"), "{refused}");
        assert_eq!(refused.exit_code(), 2);
    }
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_refused() {
    let elsewhere = harness::empty_database().await;
    let ground = Ground::new().await.set("TRACKER__WRITE_URL", &elsewhere.url());
    let refused = ground.refused(Options::serve()).await;
    let said = "databases.tracker.read_urls: number 1 leads to a replica of another cluster";
    assert!(refused.to_string().contains(said), "{refused}");
    assert_eq!(refused.exit_code(), 2);
}

#[tokio::test]
async fn a_read_url_of_the_primary_is_not_taken_for_a_replica() {
    let ground = Ground::new().await;
    let primary = ground.primary_url(&ground.tracker);
    let world = ground.set("TRACKER__READ_URLS", &primary).start().await;
    let (status, ready) = world.readiness().await;
    assert_eq!(status, 200);
    let found = ready["databases"]["tracker"]["replicas"][0].as_str().unwrap();
    assert!(found.contains("is no replica"), "{ready}");
    let admin = world.admin().await;
    admin.api.get("/tasks").await.expect_status(200);
    world.finish().await;
}

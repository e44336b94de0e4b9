//! Starting while databases are unreachable, and with wrong URLs.

use harness::{PASSWORD, ReplicatedEnvironment, eventually};
use kernel::db::ModuleRole;
use piecework::Options;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::people::{admin_of, create, hire_worker};

#[tokio::test]
async fn a_server_starts_without_its_databases_and_uses_them_when_they_are_reachable() {
    let mut environment = ReplicatedEnvironment::new().await;
    environment.tracker.cut().await;
    environment.accounting.cut().await;
    let mut app = environment.start().await;
    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["reads"], &ready["writes"]), (503, &json!(false), &json!(false)), "{ready}");
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let refused = app.api.post("/auth/login", &body).await.expect_problem(503, "database_unavailable");
    assert!(refused.header("retry-after").is_some());
    let refused = app.api.with_token("a token").get("/tasks").await;
    refused.expect_problem(503, "identity.keys_not_loaded");

    // The modules of one database work without the other.
    app.environment.tracker.restore().await;
    app.until_ready("tracker is ready", |ready| ready["databases"]["tracker"]["writes"] == true).await;
    let admin = admin_of(&app).await;
    admin.api.get("/people").await.expect_status(200);
    admin.api.get("/wallets/me").await.expect_problem(503, "database_unavailable");
    app.environment.accounting.restore().await;
    app.until_replicas_are_used().await;
    hire_worker(&app, &admin).await;
    create(&admin, "First").await.expect_status(201);
    app.finish().await;
}

#[tokio::test]
async fn a_database_that_is_not_migrated_yet_is_not_used() {
    let mut environment = ReplicatedEnvironment::new().await;
    environment.tracker.cut().await;
    let mut app = environment.start().await;
    // The migrations wait for this transaction, which creates the same schema.
    let mut other = app.environment.pair.connect_primary(&app.environment.tracker.name).await;
    let mut creating = other.begin().await.unwrap();
    creating.execute("create schema identity").await.unwrap();
    app.environment.tracker.restore().await;
    let mut observer = app.environment.pair.connect_primary(&app.environment.tracker.name).await;
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock' and query ilike '%schema%'";
    eventually("the migrations wait", async || {
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut observer).await.unwrap();
        (count > 0).then_some(())
    })
    .await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    app.api.post("/auth/login", &body).await.expect_problem(503, "database_unavailable");
    let (status, ready) = app.readiness().await;
    assert_eq!((status, &ready["databases"]["tracker"]["reads"]), (503, &json!(false)), "{ready}");
    creating.rollback().await.unwrap();
    app.until_replicas_are_used().await;
    app.until_ready("tracker is ready", |ready| ready["reads"] == true).await;
    app.api.post("/auth/login", &body).await.expect_problem(401, "identity.wrong_credentials");
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_started_without_its_database_reads_from_the_replica_in_its_modules_roles() {
    let mut environment = ReplicatedEnvironment::new().await;
    environment.tracker.cut().await;
    let mut app = environment.start().await;
    app.api.with_token("a token").get("/tasks").await.expect_problem(503, "identity.keys_not_loaded");
    app.environment.tracker.restore().await;
    app.until_replicas_are_used().await;
    app.until_ready("tracker is ready", |ready| ready["databases"]["tracker"]["writes"] == true).await;
    let admin = admin_of(&app).await;
    let status = async || admin.api.get("/tasks").await.status;
    assert_eq!(status().await, 200);

    // The role loses its rights. The login keeps its own.
    let mut primary = app.environment.pair.connect_primary(&app.environment.tracker.name).await;
    let role = ModuleRole::owning("tasks").check(&mut primary).await.unwrap().name;
    let revoke = format!("revoke select on all tables in schema tasks from {role}");
    primary.execute(sqlx::AssertSqlSafe(revoke)).await.unwrap();
    app.environment.tracker.primary.cut().await;
    eventually("reads on the replica are refused", async || (status().await == 500).then_some(())).await;
    app.environment.tracker.primary.restore().await;
    assert_eq!(ModuleRole::owning("tasks").provision(&mut primary).await.unwrap().defect, None);
    eventually("reads succeed again", async || (status().await == 200).then_some(())).await;
    app.until_replicas_are_used().await;
    app.finish().await;
}

#[tokio::test]
async fn a_command_fails_without_its_databases() {
    let mut environment = ReplicatedEnvironment::new().await;
    environment.accounting.cut().await;
    let refused = environment.start_error(Options::command()).await;
    assert_eq!(refused.exit_code(), 1);
    assert!(refused.to_string().contains("the database accounting"), "{refused}");
}

#[tokio::test]
async fn a_write_url_that_leads_to_a_replica_is_refused() {
    let environment = ReplicatedEnvironment::new().await;
    let replica = environment.replica_url(&environment.tracker);
    let environment = environment.set("TRACKER__WRITE_URL", &replica);
    for options in [Options::serve(), Options::command()] {
        let refused = environment.start_error(options).await;
        assert!(refused.to_string().contains("databases.tracker.write_url leads to a replica"), "{refused}");
        assert_eq!(refused.exit_code(), 2);
    }
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_refused() {
    let other_cluster = harness::empty_database().await;
    let environment = ReplicatedEnvironment::new().await.set("TRACKER__WRITE_URL", &other_cluster.url());
    let refused = environment.start_error(Options::serve()).await;
    let reason = "databases.tracker.read_urls: number 1 leads to a replica of another cluster";
    assert!(refused.to_string().contains(reason), "{refused}");
    assert_eq!(refused.exit_code(), 2);
}

#[tokio::test]
async fn a_read_url_may_lead_to_the_primary_and_is_then_not_used_as_a_replica() {
    let environment = ReplicatedEnvironment::new().await;
    let primary = environment.primary_url(&environment.tracker);
    let app = environment.set("TRACKER__READ_URLS", &primary).start().await;
    let (status, ready) = app.readiness().await;
    assert_eq!(status, 200, "{ready}");
    assert_eq!(ready["databases"]["tracker"]["replicas"], json!(["is the primary at present"]), "{ready}");
    let admin = admin_of(&app).await;
    admin.api.get("/tasks").await.expect_status(200);
    app.finish().await;
}

#[tokio::test]
async fn a_read_url_that_leads_to_another_primary_is_not_used() {
    let other = harness::empty_database().await;
    let app = ReplicatedEnvironment::new().await.set("TRACKER__READ_URLS", &other.url()).start().await;
    let (status, ready) = app.readiness().await;
    assert_eq!(status, 200, "{ready}");
    let found = ready["databases"]["tracker"]["replicas"][0].as_str().unwrap();
    assert!(found.contains("is no replica"), "{ready}");
    app.finish().await;
}

//! The replica becomes the primary while the application runs.

use harness::{DatabaseProxies, EventStream, ReplicatedEnvironment, eventually};
use serde_json::json;

use crate::people::{Admin, App, admin_of, create, hire_worker, is_stale, position, read_after};
use crate::routing::{shows, tasks};

/// The URL of a database that names both of its servers.
fn both(environment: &ReplicatedEnvironment, database: &DatabaseProxies) -> String {
    let (primary, replica) = (environment.primary_url(database), environment.replica_url(database));
    let server = |url: &str| url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (primary_server, replica_server) = (server(&primary), server(&replica));
    // The former primary comes last, so that the order decides nothing.
    primary.replacen(&primary_server, &format!("{replica_server},{primary_server}"), 1)
}

/// An environment in which both URLs of both databases name both servers.
async fn environment() -> ReplicatedEnvironment {
    let environment = ReplicatedEnvironment::with_own_servers().await;
    let writes = [&environment.tracker, &environment.accounting].map(|database| both(&environment, database));
    let reads = [&environment.tracker, &environment.accounting]
        .map(|database| format!("{},{}", environment.primary_url(database), environment.replica_url(database)));
    environment
        .set("TRACKER__WRITE_URL", &writes[0])
        .set("ACCOUNTING__WRITE_URL", &writes[1])
        .set("TRACKER__READ_URLS", &reads[0])
        .set("ACCOUNTING__READ_URLS", &reads[1])
}

/// Waits until both databases have these servers, in the order of the read URLs.
async fn until_servers_are(app: &App, expected: [&str; 2]) {
    app.until_ready(&format!("the servers are {expected:?}"), |ready| {
        ["tracker", "accounting"].iter().all(|name| {
            let database = &ready["databases"][name];
            database["writes"] == true && database["replicas"] == json!(expected)
        })
    })
    .await;
}

#[tokio::test]
async fn commands_go_to_the_server_that_was_promoted_and_never_to_the_former_primary() {
    let mut app = environment().await.start().await;
    until_servers_are(&app, ["is the primary at present", "healthy"]).await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    create(&admin, "Before").await.expect_status(201);
    app.settle().await;

    app.environment.pair.fail_over().await;
    first_position(&admin).await;
    until_servers_are(&app, ["cannot be reached", "is the primary at present"]).await;
    app.settle().await;

    // The former primary comes back without being demoted.
    app.environment.pair.restart_primary().await;
    until_servers_are(&app, ["is no replica: it follows no primary", "is the primary at present"]).await;
    create(&admin, "With both").await.expect_status(201);
    app.settle().await;
    let mut former = app.environment.pair.connect_primary(&app.environment.tracker.name).await;
    let tasks: i64 = sqlx::query_scalar("select count(*) from tasks.tasks").fetch_one(&mut former).await.unwrap();
    assert_eq!(tasks, 1, "the former primary has only what it had before");
    app.environment.tracker.primary.cut().await;
    create(&admin, "Without the former").await.expect_status(201);
    app.environment.tracker.primary.restore().await;
    app.finish().await;
}

/// The position of the first command that succeeds.
async fn first_position(admin: &Admin) -> String {
    let first = async || Some(create(admin, "After").await).filter(|answer| answer.status == 201);
    position(&eventually("commands succeed", first).await)
}

#[tokio::test]
async fn the_former_primary_returns_as_a_replica_and_is_promoted_again() {
    let environment = environment().await;
    let mut app = environment.set("TRACKER__MAX_LAG_MS", "3600000").start().await;
    until_servers_are(&app, ["is the primary at present", "healthy"]).await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    let before = position(&create(&admin, "Before").await.expect_status(201));
    assert!(before.starts_with("tracker=0/"), "{before}");

    app.environment.pair.fail_over().await;
    let after = first_position(&admin).await;
    assert!(after.starts_with("tracker=2:"), "{after}");
    app.environment.return_former_primary().await;
    until_servers_are(&app, ["healthy", "is the primary at present"]).await;
    app.settle().await;

    let mut stream = EventStream::open(&admin.api, "/events", None).await;
    stream.next_named("connected").await;
    admin.api.post_nothing("/reassignments").await.expect_status(202);
    let run = stream.next_named("run").await.data;
    assert!(run["position"].as_str().unwrap().starts_with("tracker=2:"), "{run}");
    drop(stream);
    app.settle().await;

    app.environment.pair.pause_replay().await;
    let unseen = position(&create(&admin, "Unseen").await.expect_status(201));
    assert!(!shows(&tasks(&admin).await, "Unseen"), "the returned server does not answer reads");
    for (seen, title) in [(&unseen, "Unseen"), (&before, "Before")] {
        let read = read_after(&admin, "/tasks", seen).await.expect_status(200);
        assert!(shows(&read, title) && !is_stale(&read), "{seen}");
    }
    app.environment.pair.resume_replay().await;

    app.environment.pair.fail_over().await;
    let again = first_position(&admin).await;
    assert!(again.starts_with("tracker=3:"), "{again}");
    until_servers_are(&app, ["is the primary at present", "cannot be reached"]).await;
    let read = read_after(&admin, "/tasks", &unseen).await.expect_status(200);
    assert!(shows(&read, "Unseen") && !is_stale(&read));
    app.finish().await;
}

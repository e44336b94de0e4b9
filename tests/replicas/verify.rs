//! A verification that reads from the replicas.

use harness::{ReplicatedEnvironment, eventually};
use kernel::verify::Server;
use piecework::verification::{VerifyOptions, verify};
use sqlx::Executor;

use crate::people::{App, admin_of, create, hire_worker};

const ON_REPLICAS: VerifyOptions = VerifyOptions { since: None, server: Server::Replica };

#[tokio::test]
async fn a_verification_on_replicas_includes_what_was_committed_before_it() {
    let app = ReplicatedEnvironment::with_own_servers().await.start().await;
    app.until_replicas_are_used().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    create(&admin, "One").await.expect_status(201);
    app.settle().await;
    let report = verify(&app.application, ON_REPLICAS).await.unwrap();
    assert_eq!((report.findings, report.as_of), (Vec::new(), app.ambient.now()));

    let pair = &app.environment.pair;
    pair.pause_replay().await;
    let mut primary = pair.connect_primary(&app.environment.accounting.name).await;
    primary.execute("update accounting.wallets set balance_minor = balance_minor + 1").await.unwrap();
    // The damage is not on the replica yet. The verification asks for the position until it is.
    let resume = async {
        eventually("the verification waits for the replica", async || {
            let asked = "select query from pg_stat_activity where query like 'select pg_is_in_recovery() and coalesce(pg_last_wal_%'";
            let mut standby = pair.connect_standby(&app.environment.accounting.name).await;
            sqlx::query_scalar::<_, String>(asked).fetch_optional(&mut standby).await.unwrap()
        })
        .await;
        pair.resume_replay().await;
    };
    let (report, ()) = tokio::join!(verify(&app.application, ON_REPLICAS), resume);
    let found = report.unwrap().findings;
    assert!(found.iter().any(|one| one.detail.ends_with("is not the sum of its lines")), "{found:?}");
    primary.execute("update accounting.wallets set balance_minor = balance_minor - 1").await.unwrap();
    assert_eq!(verify(&app.application, ON_REPLICAS).await.unwrap().findings, []);
    app.finish().await;
}

#[tokio::test]
async fn a_verification_on_replicas_fails_without_a_replica_and_does_not_turn_to_the_primary() {
    let mut app = App::on_replicas().await;
    app.environment.accounting.replica.cut().await;
    let error = verify(&app.application, ON_REPLICAS).await.unwrap_err().to_string();
    assert!(error.contains("a replica does not answer"), "{error}");
    app.environment.accounting.replica.restore().await;
    app.until_replicas_are_used().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_under_way_between_the_databases_is_not_reported_on_replicas() {
    let app = App::on_replicas().await;
    let admin = admin_of(&app).await;
    hire_worker(&app, &admin).await;
    let working = async {
        for number in 0..60 {
            create(&admin, &format!("Task {number}")).await.expect_status(201);
        }
    };
    let verifying = async {
        for since in [None, Some("2026-11-02".parse().unwrap()), None] {
            let options = VerifyOptions { since, server: Server::Replica };
            assert_eq!(verify(&app.application, options).await.unwrap().findings, []);
        }
    };
    tokio::join!(working, verifying);
    app.finish().await;
}

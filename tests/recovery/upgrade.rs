//! The program on a schema of a later version, and a migration of a table that is in use.

use harness::eventually;
use piecework::startup::migrator_lock;
use serde_json::json;
use sqlx::{Connection, Executor};

use crate::installation::{Installation, People};

#[tokio::test]
async fn a_program_starts_on_a_later_schema_that_allows_it_and_names_both_versions_otherwise() {
    let installation = Installation::with_people().await;
    for (database, module) in [
        (&installation.tracker, "tasks"),
        (&installation.tracker, "identity"),
        (&installation.accounting, "accounting"),
        (&installation.accounting, "email"),
    ] {
        let mut connection = database.connect().await;
        let applied = format!(
            "insert into {module}.migrations (version, description, success, checksum, execution_time)
             values (9999, 'of a later version', true, '\\x00', 1)"
        );
        connection.execute(sqlx::AssertSqlSafe(applied)).await.unwrap();
    }
    let mut tracker = installation.tracker.connect().await;
    tracker.execute("alter table tasks.tasks add column colour text").await.unwrap();

    // Two processes, as in a rolling upgrade that is taken back.
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(4).await;
    installation.assert_verified().await;
    let checks = installation.command(&["doctor", "--json"]).await.stdout;
    let checks: serde_json::Value = serde_json::from_str(&checks).unwrap();
    let schemas =
        checks.as_array().unwrap().iter().filter(|one| one["name"].as_str().unwrap().starts_with("migrations"));
    assert!(schemas.clone().count() == 4 && schemas.clone().all(|one| one["ok"] == json!(true)), "{checks}");
    server.stop().await;

    let contracted = "create or replace function tasks.oldest_program() returns text language sql immutable
        as $$ select '99.1.0' $$";
    tracker.execute(contracted).await.unwrap();
    for command in [&["serve"][..], &["verify"], &["migrate"]] {
        let error = installation.command(command).await.failed(1);
        let own = env!("CARGO_PKG_VERSION");
        for part in ["the schema of tasks", "the migration 9999", "version 99.1.0 or later", own] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    // A schema from before the function says nothing, and is refused.
    tracker.execute("drop function tasks.oldest_program()").await.unwrap();
    assert!(installation.command(&["verify"]).await.failed(1).contains("the migration 9999"));
}

#[tokio::test]
async fn a_migration_that_waits_for_a_lock_lets_others_pass_and_is_tried_again() {
    let installation = Installation::with_people().await;
    let mut other = installation.accounting.connect().await;
    let undone = "
        drop table accounting.withdrawals;
        alter table accounting.settings drop column price_seed;
        delete from accounting.migrations where version = 300";
    sqlx::raw_sql(undone).execute(&mut other).await.unwrap();
    // A dump holds such a lock on every table until it ends.
    let mut dump = installation.accounting.connect().await;
    let mut dumping = dump.begin().await.unwrap();
    dumping.execute("lock table accounting.settings in access share mode").await.unwrap();

    let running = tokio::spawn(installation.run(&["migrate"]).finish());
    let waits = "select exists (select from pg_locks where relation = 'accounting.settings'::regclass and not granted)";
    eventually("the migration waits", async || {
        let waits: bool = sqlx::query_scalar(waits).fetch_one(&mut other).await.unwrap();
        waits.then_some(())
    })
    .await;
    // Without the limit, this would wait until the dump ends.
    other.execute("set statement_timeout = '15s'").await.unwrap();
    other.execute("select currency from accounting.settings").await.unwrap();
    dumping.rollback().await.unwrap();
    let outcome = running.await.unwrap();
    assert!(outcome.stderr.contains("waits for a lock"), "{outcome:?}");
    outcome.ok();
    installation.assert_verified().await;
}

#[tokio::test]
async fn a_process_that_waits_to_migrate_does_not_keep_the_other_from_making_an_index_concurrently() {
    let installation = Installation::with_people().await;
    let mut migrating = installation.accounting.connect().await;
    migrator_lock::take(&mut migrating).await.unwrap();
    let waiting = tokio::spawn(installation.run(&["migrate"]).finish());
    let waits = "select exists (
        select from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like '%advisory_lock%')";
    eventually("the other process waits", async || {
        let waits: bool = sqlx::query_scalar(waits).fetch_one(&mut migrating).await.unwrap();
        waits.then_some(())
    })
    .await;
    // Without a limit, PostgreSQL would end one of two sessions that wait for each other.
    migrating.execute("create index concurrently of_a_migration on accounting.transfers (kind)").await.unwrap();
    migrator_lock::release(&mut migrating).await.unwrap();
    waiting.await.unwrap().ok();
}

const IS_USABLE: &str = "select indisvalid from pg_index where indexrelid = $1::regclass";

#[tokio::test]
async fn an_index_made_concurrently_waits_for_an_earlier_transaction_and_is_usable() {
    let installation = Installation::with_people().await;
    let mut other = installation.tracker.connect().await;
    let undone = "drop index identity.people_by_name; delete from identity.migrations where version = 760";
    sqlx::raw_sql(undone).execute(&mut other).await.unwrap();
    // A dump or a verification keeps such a snapshot until it ends.
    let mut dump = installation.tracker.connect().await;
    let mut dumping = dump.begin_with("begin isolation level repeatable read").await.unwrap();
    dumping.execute("select count(*) from identity.people").await.unwrap();

    let running = tokio::spawn(installation.run(&["migrate"]).finish());
    // Longer than other migrations wait for a lock.
    let waits = "select exists (
        select from pg_stat_activity
        where query like '%concurrently if not exists people_by_name%' and wait_event_type = 'Lock'
            and pid <> pg_backend_pid() and datname = current_database()
            and clock_timestamp() - query_start > interval '2.5 s')";
    eventually("the migration has waited", async || {
        let waits: bool = sqlx::query_scalar(waits).fetch_one(&mut other).await.unwrap();
        waits.then_some(())
    })
    .await;
    dumping.rollback().await.unwrap();
    running.await.unwrap().ok();
    let is_usable = sqlx::query_scalar(IS_USABLE).bind("identity.people_by_name").fetch_one(&mut other).await;
    assert_eq!(is_usable.ok(), Some(true));
}

#[tokio::test]
async fn an_index_that_an_interrupted_migration_left_unusable_is_made_again() {
    let installation = Installation::with_people().await;
    // The first migration was killed. The second was recorded by a version that took the name of
    // the index for the index.
    for (database, index, undone) in [
        (&installation.tracker, "identity.people_by_name", Some("delete from identity.migrations where version = 760")),
        (&installation.accounting, "email.mails_with_text", None),
    ] {
        let mut connection = database.connect().await;
        let interrupted = "update pg_index set indisvalid = false where indexrelid = $1::regclass";
        sqlx::query(interrupted).bind(index).execute(&mut connection).await.unwrap();
        if let Some(undone) = undone {
            connection.execute(undone).await.unwrap();
        }
        let outcome = installation.command(&["migrate"]).await;
        assert!(outcome.stderr.contains("did not finish"), "{outcome:?}");
        outcome.ok();
        let is_usable = sqlx::query_scalar(IS_USABLE).bind(index).fetch_one(&mut connection).await;
        assert_eq!(is_usable.ok(), Some(true), "{index}");
    }
    installation.command(&["migrate"]).await.ok();
}

#[tokio::test]
async fn two_processes_that_start_at_once_on_empty_databases_share_the_work() {
    let other = Installation::with_people().await;
    let installation = Installation::empty(&other).await;
    let (first, second) = tokio::join!(installation.serve(), installation.serve());
    let waiting_for = |server: &harness::Server| server.greeting["waiting_for"].clone();
    let logs = format!("{} {}", first.log(), second.log());
    assert_eq!((waiting_for(&first), waiting_for(&second)), (json!([]), json!([])), "{logs}");
    second.stop().await;
    first.stop().await;
    installation.assert_verified().await;
}

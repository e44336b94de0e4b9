//! How fresh an answer is for a client that has seen a position: on the level of the pools.

use std::sync::Arc;
use std::time::Duration;

use harness::{Pair, Proxy, eventually};
use kernel::db::consistency::{Consistency, Positions, scope};
use kernel::db::{EndpointSettings, Endpoints};
use kernel::{Ambient, ReadPool, WritePool};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::routing::{NO_ROLE, endpoints_of, until_replica_is_used};

/// Number of rows that a client which has seen `seen` reads, and whether the answer is marked as
/// stale.
async fn count(pool: &ReadPool, seen: Positions) -> (i64, bool) {
    let request = Arc::new(Consistency::new(seen, false));
    let count = "select count(*) from things";
    let counted = pool.run(async |connection| sqlx::query_scalar(count).fetch_one(connection).await);
    let rows: i64 = scope(Arc::clone(&request), counted).await.unwrap();
    let in_snapshot = pool.run_in_snapshot(async |snapshot| sqlx::query_scalar(count).fetch_one(&mut **snapshot).await);
    let rows_in_snapshot: i64 = scope(Arc::clone(&request), in_snapshot).await.unwrap();
    assert_eq!(rows, rows_in_snapshot);
    (rows, request.is_stale())
}

async fn create_table(pair: &Pair, database: &str) -> PgConnection {
    let mut primary = pair.connect_primary(database).await;
    primary.execute("create table things ()").await.unwrap();
    eventually("the replica has the table", async || {
        let mut replica = pair.connect_standby(database).await;
        replica.execute("select from things").await.ok()
    })
    .await;
    primary
}

async fn flushed(primary: &mut PgConnection) -> Positions {
    let flushed = "select 'tests=' || pg_current_wal_flush_lsn()";
    let flushed: String = sqlx::query_scalar(flushed).fetch_one(primary).await.unwrap();
    flushed.parse().unwrap()
}

#[tokio::test]
async fn behind_a_balancer_the_server_that_answers_has_replayed_the_position() {
    let mut pair = Pair::start().await;
    let database = pair.database().await;
    let mut primary = create_table(&pair, &database).await;
    let port = pair.add_replica().await;
    let url = pair.standby_url(&database).replace(&pair.standby_port().to_string(), &port.to_string());
    let balancer = Proxy::between(&[port, pair.standby_port()]).await;
    let settings = EndpointSettings {
        replicas: vec![balancer.instead_of(&url).parse().unwrap()],
        ..endpoints_of(&pair, &database)
    };
    let endpoints = Endpoints::new("tests", settings, Ambient::system());
    endpoints.open().await.unwrap();
    until_replica_is_used(&endpoints).await;
    let pool = ReadPool::on_endpoints(&endpoints, 2, NO_ROLE);
    // One connection to each replica.
    let both = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(both);

    pair.pause_replay().await;
    primary.execute("insert into things default values").await.unwrap();
    let written = flushed(&mut primary).await;
    eventually("the other replica has the row", async || {
        let mut replica = PgConnection::connect(&url).await.ok()?;
        let rows: i64 = sqlx::query_scalar("select count(*) from things").fetch_one(&mut replica).await.ok()?;
        (rows == 1).then_some(())
    })
    .await;
    // The probe reaches the replica that has the row.
    endpoints.probe_if_older_than(Duration::ZERO).await;
    for _ in 0..4 {
        assert_eq!(count(&pool, written.clone()).await, (1, false));
    }
}

#[tokio::test]
async fn a_position_that_no_replica_reaches_is_read_from_the_primary() {
    let pair = Pair::start().await;
    let database = pair.database().await;
    let mut primary = create_table(&pair, &database).await;
    let endpoints = Endpoints::new("tests", endpoints_of(&pair, &database), Ambient::system());
    endpoints.open().await.unwrap();
    until_replica_is_used(&endpoints).await;
    let pool = ReadPool::on_endpoints(&endpoints, 2, NO_ROLE);
    pair.pause_replay().await;
    primary.execute("insert into things default values").await.unwrap();
    assert_eq!(count(&pool, Positions::default()).await, (0, false), "the replica answers");
    assert_eq!(count(&pool, flushed(&mut primary).await).await, (1, false));
    assert_eq!(count(&pool, "tests=FFFF/0".parse().unwrap()).await, (1, false), "beyond the log of the primary");
    // Another process has found a primary that this one cannot find.
    assert_eq!(count(&pool, "tests=2:0/1".parse().unwrap()).await, (1, true));
}

#[tokio::test]
async fn after_a_commit_without_a_position_the_client_reads_from_the_primary() {
    let pair = Pair::start().await;
    let database = pair.database().await;
    let mut primary = create_table(&pair, &database).await;
    let rights = "create role plain login; grant insert, select on things to plain";
    sqlx::raw_sql(rights).execute(&mut primary).await.unwrap();
    let settings = endpoints_of(&pair, &database);
    let settings = EndpointSettings { primary: settings.primary.username("plain"), ..settings };
    let endpoints = Endpoints::new("tests", settings, Ambient::system());
    endpoints.open().await.unwrap();
    until_replica_is_used(&endpoints).await;
    pair.pause_replay().await;

    let write = WritePool::on_endpoints(&endpoints, 1, "tests", Ambient::system());
    let request = Arc::new(Consistency::default());
    let insert = async || {
        let mut tx = write.begin().await.unwrap();
        tx.execute("insert into things default values").await.unwrap();
        tx.commit().await.unwrap();
    };
    primary.execute("revoke execute on function pg_current_wal_flush_lsn() from public").await.unwrap();
    scope(Arc::clone(&request), insert()).await;
    let unknown = request.written().expect("the client has to read from the primary");
    let pool = ReadPool::on_endpoints(&endpoints, 2, NO_ROLE);
    assert_eq!(count(&pool, unknown.clone()).await, (1, false));

    primary.execute("grant execute on function pg_current_wal_flush_lsn() to public").await.unwrap();
    scope(Arc::clone(&request), insert()).await;
    let known = request.written().unwrap();
    assert!(known.to_string() < unknown.to_string(), "{known} replaces {unknown}");
    assert_eq!(count(&pool, known).await, (2, false));
}

//! What PostgreSQL reports when it answers but cannot do what it is asked for.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use harness::{TestDatabase, empty_database};
use kernel::{DbError, Problem};
use sqlx::{Connection, Executor, PgConnection};

async fn fail(connection: &mut PgConnection, statement: &'static str) -> DbError {
    DbError::from(connection.execute(statement).await.unwrap_err())
}

fn assert_busy(error: DbError) {
    assert!(matches!(error, DbError::Busy), "{error:?}");
    assert_eq!(Problem::from(error).code(), "busy");
}

#[tokio::test]
async fn a_statement_or_a_lock_that_takes_too_long_means_busy() {
    let database: TestDatabase = empty_database().await;
    let (mut first, mut second) = (database.connect().await, database.connect().await);
    second.execute("set statement_timeout = '10ms'").await.unwrap();
    assert_busy(fail(&mut second, "select pg_sleep(60)").await);
    first.execute("create table public.notes (note text)").await.unwrap();
    let mut lock = first.begin().await.unwrap();
    lock.execute("lock table public.notes in access exclusive mode").await.unwrap();
    second.execute("set statement_timeout = 0; set lock_timeout = '10ms'").await.unwrap();
    assert_busy(fail(&mut second, "select note from public.notes").await);
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn a_server_without_a_free_connection_is_busy() {
    let database = empty_database().await;
    let mut owner = database.connect().await;
    // The superuser of the tests has connections in reserve, another login has none.
    let role = format!("limited_{}", std::process::id());
    let create = format!("create role {role} login connection limit 0");
    owner.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    let options = database.options().username(&role);
    let refused = DbError::from(PgConnection::connect_with(&options).await.unwrap_err());
    owner.execute(sqlx::AssertSqlSafe(format!("drop role {role}"))).await.unwrap();
    assert_busy(refused);
}

#[tokio::test]
async fn a_deadlock_means_busy() {
    let database = empty_database().await;
    let (mut first, mut second) = (database.connect().await, database.connect().await);
    first.execute("create table public.one (id int); create table public.two (id int)").await.unwrap();
    let (mut first, mut second) = (first.begin().await.unwrap(), second.begin().await.unwrap());
    first.execute("lock table public.one").await.unwrap();
    second.execute("lock table public.two").await.unwrap();
    let (one, two) = tokio::join!(first.execute("lock table public.two"), second.execute("lock table public.one"));
    let error = DbError::from(one.and(two).unwrap_err());
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(Problem::from(error).code(), "busy");
}

#[tokio::test]
async fn a_server_that_has_used_up_its_disk_or_its_memory_is_exhausted() {
    let database = empty_database().await;
    let mut connection = database.connect().await;
    for code in ["53000", "53100", "53200", "53400", "58030"] {
        let raise = format!("do $$ begin raise exception 'the disk is full' using errcode = '{code}'; end $$");
        let error = DbError::from(connection.execute(sqlx::AssertSqlSafe(raise)).await.unwrap_err());
        assert!(matches!(error, DbError::Exhausted { .. }) && error.is_unavailable(), "{code}: {error:?}");
        assert_eq!(Problem::from(error).code(), "database_exhausted");
    }
}

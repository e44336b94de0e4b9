//! A pool without a free connection: requests get the answer that the server is
//! busy, not that it is away.

use harness::{Answer, Company, MORNING, TestEnvironment, at, eventually};
use kernel::Ambient;
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinSet;

/// The number of connections of a module that read.
const READ_CONNECTIONS: u32 = 2;

async fn company_with_small_pools() -> Company {
    let environment = TestEnvironment::new().await;
    let mut config = environment.config();
    config.databases.tracker.read_connections = READ_CONNECTIONS;
    let ambient = Ambient::manual(at(MORNING), 7);
    Company::hire(environment.start_from(&config, ambient).await).await
}

/// Waits until this number of sessions waits for a lock.
async fn until_waiting(database: &mut PgConnection, count: i64) {
    let query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    eventually("the sessions wait for a lock", async || {
        let waiting: i64 = sqlx::query_scalar(query).fetch_one(&mut *database).await.unwrap();
        (waiting == count).then_some(())
    })
    .await;
}

fn expect_busy(answer: Answer) {
    let answer = answer.expect_problem(503, "busy");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(!answer.text.contains("reached"), "the database is not away: {answer:?}");
}

#[tokio::test]
async fn an_exhausted_pool_is_busy_and_the_process_stays_ready() {
    let company = company_with_small_pools().await;
    company.create("Fix the door").await;
    company.system.check().await;
    let mut locks = company.system.environment.tracker.connect().await;
    let mut watcher = company.system.environment.tracker.connect().await;
    let mut lock = locks.begin().await.unwrap();
    lock.execute("lock table tasks.tasks in access exclusive mode").await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..READ_CONNECTIONS {
        let worker = company.worker.api.clone();
        waiting.spawn(async move { worker.get("/tasks").await });
    }
    until_waiting(&mut watcher, READ_CONNECTIONS.into()).await;
    expect_busy(company.worker.api.get("/tasks").await);
    let ready = harness::send(company.system.api.request_outside(reqwest::Method::GET, "/readyz")).await;
    assert_eq!((ready.status, &ready.json["reads"]), (200, &true.into()), "{ready:?}");
    lock.rollback().await.unwrap();
    for answer in waiting.join_all().await {
        answer.expect_status(200);
    }
    eventually("the pool has free connections", async || {
        (company.worker.api.get("/tasks").await.status == 200).then_some(())
    })
    .await;
    company.finish().await;
}

//! A database whose disk is full: commands are refused as a whole, events wait, and everything goes
//! on when there is room again. A trigger reports what PostgreSQL reports then.

use harness::{Company, TestDatabase, eventually};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

/// Counts the attempts in a sequence, which a rollback does not undo.
const FULL: &str = "
    create sequence public.attempts;
    grant usage on sequence public.attempts to public;
    create function public.full() returns trigger language plpgsql as $$
    begin
        perform nextval('public.attempts');
        raise exception 'could not extend file \"base/1/2\": No space left on device' using errcode = 'disk_full';
    end $$;";

/// A table that cannot grow.
struct FullTable<'a>(&'a TestDatabase);

impl<'a> FullTable<'a> {
    async fn fill(database: &'a TestDatabase, table: &str) -> Self {
        let trigger =
            format!("create trigger full_disk before insert on {table} for each row execute function public.full()");
        let mut connection = database.connect().await;
        connection.execute(FULL).await.unwrap();
        connection.execute(AssertSqlSafe(trigger)).await.unwrap();
        Self(database)
    }

    /// Waits until this number of attempts has failed.
    async fn until_attempts(&self, count: i64) {
        let mut connection = self.0.connect().await;
        eventually("the attempt is repeated", async || {
            let attempts: i64 =
                sqlx::query_scalar("select last_value from public.attempts").fetch_one(&mut connection).await.unwrap();
            (attempts >= count).then_some(())
        })
        .await;
    }

    async fn make_room(self) {
        let mut connection = self.0.connect().await;
        connection.execute("drop function public.full() cascade; drop sequence public.attempts").await.unwrap();
    }
}

#[tokio::test]
async fn a_command_is_refused_with_503_and_has_no_effect_while_the_disk_is_full() {
    let company = Company::new().await;
    let kept = company.create("Fix the door").await;
    company.system.check().await;
    let full = FullTable::fill(&company.system.environment.tracker, "tasks.tasks").await;
    let bodies: Vec<_> = (0..20).map(|number| json!({ "title": format!("Fix window {number}") })).collect();
    let posts = bodies.iter().map(|body| company.worker.api.post("/tasks", body));
    for answer in futures_util::future::join_all(posts).await {
        let answer = answer.expect_problem(503, "database_exhausted");
        assert_eq!(answer.header("retry-after"), Some("30"), "{answer:?}");
        assert!(!answer.text.contains("base/1/2"), "a client does not see the cause: {answer:?}");
    }
    let tasks = company.admin.api.read_all("/tasks", 200).await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0]["id"], kept["id"]);
    full.make_room().await;
    company.create("Fix the window").await;
    company.finish().await;
}

#[tokio::test]
async fn an_event_waits_in_the_outbox_while_the_disk_of_its_subscriber_is_full() {
    let company = Company::new().await;
    company.system.check().await;
    let full = FullTable::fill(&company.system.environment.accounting, "accounting.prices").await;
    company.admin.api.post("/tasks", &json!({ "title": "Fix the door" })).await.expect_status(201);
    full.until_attempts(3).await;
    let states = company.system.application.status.modules().await.unwrap();
    assert!(states.iter().all(|state| (state.inbox_retry, state.inbox_parked) == (0, 0)), "{states:?}");
    assert!(states.iter().any(|state| state.name == "tasks" && state.outbox_pending > 0), "{states:?}");
    full.make_room().await;
    company.finish().await;
}

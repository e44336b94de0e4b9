//! Commands with an idempotency key: the answer is stored with the effect, and is given again in
//! every process.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::body::to_bytes;
use chrono::Duration;
use harness::{TestDatabase, eventually};
use kernel::db::Repetition;
use kernel::http::idempotency::{InFlight, KeyedRequest};
use kernel::http::{Answer, answered};
use kernel::runtime::batch::{BatchAnswers, BatchHandler, Batcher};
use kernel::{Ambient, Autocommit, DbError, Problem, WritePool};
use tokio::sync::oneshot;
use uuid::Uuid;

/// One process of the program.
struct Process {
    write: WritePool,
    in_flight: InFlight,
    notes: Batcher<InsertNotes>,
}

/// Inserts notes in a batch. The answer is none for an empty note.
struct InsertNotes;

const INSERT: &str = "insert into tasks.notes (note) select note from unnest($1::text[]) as note";

impl BatchHandler for InsertNotes {
    type Command = String;
    type Answer = Option<String>;
    type Error = DbError;

    fn apply<'a>(
        &'a self,
        connection: &'a mut Autocommit,
        commands: &'a [String],
    ) -> BatchAnswers<'a, Option<String>, DbError> {
        Box::pin(async move {
            let notes: Vec<&String> = commands.iter().filter(|note| !note.is_empty()).collect();
            sqlx::query(INSERT).bind(notes).execute(&mut **connection).await?;
            Ok(commands.iter().map(|note| Ok(Some(note.clone()).filter(|note| !note.is_empty()))).collect())
        })
    }

    fn result(answer: &Option<String>) -> Option<&dyn std::any::Any> {
        answer.as_ref().map(|note| note as &dyn std::any::Any)
    }
}

impl Process {
    fn on(database: &TestDatabase, ambient: &Ambient) -> Self {
        let write = database.write_pool("tasks", ambient);
        let notes = Batcher::new(write.clone(), InsertNotes);
        Self { write, in_flight: InFlight::default(), notes }
    }

    fn request(&self, key: &str, body: &str) -> Result<Arc<KeyedRequest>, Problem> {
        let person = contracts::PersonId::from(Uuid::from_u128(1));
        KeyedRequest::new(&self.in_flight, person, "POST", "/notes", key, body.as_bytes())
    }

    /// Inserts a note in a transaction, which waits for `gate` before it commits.
    async fn insert(&self, key: &str, note: &str, gate: Option<oneshot::Receiver<()>>) -> (u16, String, bool) {
        let insert = async {
            let mut tx = self.write.begin_command().await?;
            sqlx::query(INSERT).bind(vec![note]).execute(&mut *tx).await?;
            if let Some(gate) = gate {
                let _opened = gate.await;
            }
            let result = note.to_owned();
            tx.commit_command(&result).await?;
            Ok::<_, DbError>(result)
        };
        self.send(key, note, insert).await
    }

    /// Inserts a note in a batch.
    async fn insert_in_batch(&self, key: &str, note: &str) -> (u16, String, bool) {
        let run = async { Ok::<_, DbError>(self.notes.run(note.to_owned()).await?.unwrap_or_default()) };
        self.send(key, note, run).await
    }

    /// The status, the body, and whether the answer was given before.
    async fn send(
        &self,
        key: &str,
        body: &str,
        work: impl Future<Output = Result<String, DbError>>,
    ) -> (u16, String, bool) {
        let request = match self.request(key, body) {
            Ok(request) => request,
            Err(problem) => return read(actix_web::ResponseError::error_response(&problem)).await,
        };
        let render = |note: &String| Answer::json(201, note).with_location("/notes/1");
        let response = Arc::clone(&request).scope(answered(render, work)).await;
        let response = response.unwrap_or_else(|problem| actix_web::ResponseError::error_response(&problem));
        read(request.replay().unwrap_or(response)).await
    }
}

async fn read(response: HttpResponse) -> (u16, String, bool) {
    let (status, is_replayed) = (response.status().as_u16(), response.headers().contains_key("idempotency-replayed"));
    let body = to_bytes(response.into_body()).await.map_err(drop).unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap(), is_replayed)
}

async fn database() -> (TestDatabase, Ambient) {
    let database = harness::tracker().await;
    let notes = "create table tasks.notes (note text); grant all on tasks.notes to public";
    sqlx::raw_sql(notes).execute(&mut database.connect().await).await.unwrap();
    (database, Ambient::manual("2026-11-02T09:00:00Z".parse().unwrap(), 7))
}

async fn count(database: &TestDatabase, table: &'static str) -> i64 {
    let count = sqlx::AssertSqlSafe(format!("select count(*) from tasks.{table}"));
    sqlx::query_scalar(count).fetch_one(&mut database.connect().await).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_given_again_by_another_process_and_the_effect_is_there_once() {
    let (database, ambient) = database().await;
    let (first, second) = (Process::on(&database, &ambient), Process::on(&database, &ambient));
    for process in [&first, &second, &first] {
        let (status, body, _) = process.insert("a", "note", None).await;
        assert_eq!((status, body.as_str()), (201, "\"note\""));
        let (status, body, _) = process.insert_in_batch("b", "note").await;
        assert_eq!((status, body.as_str()), (201, "\"note\""));
    }
    assert!(first.insert("a", "note", None).await.2 && second.insert_in_batch("b", "note").await.2);
    assert_eq!(count(&database, "notes").await, 2);
    let (status, body, _) = second.insert("a", "other", None).await;
    assert!(status == 422 && body.contains("idempotency_key_reused"), "{body}");
    let (status, body, _) = second.insert_in_batch("b", "other").await;
    assert!(status == 422 && body.contains("idempotency_key_reused"), "{body}");
}

#[tokio::test]
async fn a_command_is_refused_at_once_while_another_process_carries_it_out() {
    let (database, ambient) = database().await;
    let (first, second) = (Process::on(&database, &ambient), Process::on(&database, &ambient));
    let (open, gate) = oneshot::channel();
    let running = first.insert("a", "note", Some(gate));
    let repeating = async {
        let held = "select count(*) from pg_locks where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())";
        let mut connection = database.connect().await;
        eventually("the first process holds the lock of the key", async || {
            let held: i64 = sqlx::query_scalar(held).fetch_one(&mut connection).await.unwrap();
            (held == 1).then_some(())
        })
        .await;
        let refused = second.insert("a", "note", None).await;
        let in_process = first.insert("a", "note", None).await;
        open.send(()).unwrap();
        [refused, in_process]
    };
    let (answer, refused) = tokio::join!(running, repeating);
    assert_eq!(answer, (201, "\"note\"".to_owned(), false));
    for (status, body, _) in refused {
        assert!(status == 409 && body.contains("idempotency_key_in_use"), "{body}");
    }
    assert_eq!(second.insert("a", "note", None).await, (201, "\"note\"".to_owned(), true));
    assert_eq!(count(&database, "notes").await, 1);
}

#[tokio::test]
async fn of_two_batches_with_one_key_one_commits_and_the_other_commands_are_not_affected() {
    let (database, ambient) = database().await;
    let (first, second) = (Process::on(&database, &ambient), Process::on(&database, &ambient));
    // The row of the other process is there, and its transaction is not committed.
    let mut other = database.connect().await;
    let request = first.request("a", "note").unwrap();
    let key_hash = {
        drop(request);
        first.insert_in_batch("a", "note").await;
        let mut connection = database.connect().await;
        let moved = "delete from tasks.idempotency_keys returning key_hash";
        let key_hash: Vec<u8> = sqlx::query_scalar(moved).fetch_one(&mut connection).await.unwrap();
        key_hash
    };
    sqlx::raw_sql("begin").execute(&mut other).await.unwrap();
    let insert = "insert into tasks.idempotency_keys (key_hash, fingerprint, status, headers, created_at)
        values ($1, $1, 201, '[]', $2)";
    sqlx::query(insert).bind(key_hash).bind(ambient.now()).execute(&mut other).await.unwrap();
    let release = async {
        let waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'";
        let mut connection = database.connect().await;
        eventually("the batch waits for the row", async || {
            let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
            (waiting > 0).then_some(())
        })
        .await;
        sqlx::raw_sql("commit").execute(&mut other).await.unwrap();
    };
    let ((status, body, _), unkeyed, ()) =
        tokio::join!(second.insert_in_batch("a", "note"), second.notes.run("other".to_owned()), release);
    assert!(status == 409 && body.contains("idempotency_key_in_use"), "{status} {body}");
    assert_eq!(unkeyed.unwrap().as_deref(), Some("other"));
    assert_eq!(count(&database, "notes").await, 2, "the first one and the one without a key");
}

#[tokio::test]
async fn a_command_that_changes_nothing_stores_nothing() {
    let (database, ambient) = database().await;
    let process = Process::on(&database, &ambient);
    assert!(!process.insert_in_batch("a", "").await.2);
    assert!(!process.insert_in_batch("a", "").await.2);
    let refused = async {
        let _tx = process.write.begin_command().await?;
        Err(DbError::unavailable("the command is refused"))
    };
    assert_eq!(process.send("b", "note", refused).await.0, 503);
    assert_eq!(count(&database, "idempotency_keys").await, 0);
    assert_eq!(process.insert("b", "note", None).await, (201, "\"note\"".to_owned(), false));
}

#[tokio::test]
async fn an_answer_is_kept_for_seven_days_and_then_pruned() {
    let (database, ambient) = database().await;
    let process = Process::on(&database, &ambient);
    process.insert("a", "note", None).await;
    process.insert_in_batch("b", "note").await;
    ambient.advance(Duration::days(7) - Duration::seconds(1));
    assert!(process.insert("a", "note", None).await.2 && process.insert_in_batch("b", "note").await.2);
    assert!(!process.write.prune_idempotency_keys().await.unwrap());
    assert_eq!(count(&database, "idempotency_keys").await, 2);
    ambient.advance(Duration::seconds(1));
    // A key is free again after the time, also before its answer is pruned.
    assert_eq!(process.insert("a", "other", None).await, (201, "\"other\"".to_owned(), false));
    assert!(!process.write.prune_idempotency_keys().await.unwrap());
    assert_eq!(count(&database, "idempotency_keys").await, 1, "the new answer of the first key");
    assert!(!process.insert_in_batch("b", "note").await.2);
}

#[test]
fn a_repetition_is_neither_an_outage_nor_transient() {
    for repetition in [Repetition::Answered, Repetition::InFlight, Repetition::OtherBody] {
        let error = DbError::from(repetition);
        assert!(!error.is_unavailable() && !error.is_transient() && !error.is_unstorable());
    }
}

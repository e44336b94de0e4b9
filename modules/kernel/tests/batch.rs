//! Batches: commands that arrive together have one commit and an answer each, and an error fails
//! only the command that causes it.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use futures_util::FutureExt;
use harness::{TestDatabase, eventually};
use kernel::runtime::batch::{BatchAnswers, BatchHandler, Batcher};
use kernel::{Ambient, Autocommit, DbError};
use sqlx::PgConnection;
use tokio::task::JoinHandle;

/// Inserts notes. The handler refuses an empty note and panics on the note "panic". The database
/// refuses a note that exists.
struct InsertNotes;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("blank")]
    Blank,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl BatchHandler for InsertNotes {
    type Command = String;
    type Answer = i64;
    type Error = Error;

    fn apply<'a>(&'a self, connection: &'a mut Autocommit, commands: &'a [String]) -> BatchAnswers<'a, i64, Error> {
        Box::pin(async move {
            assert!(!commands.iter().any(|note| note == "panic"), "the test wants a panic");
            let notes: Vec<&String> = commands.iter().filter(|note| !note.is_empty()).collect();
            let insert = "
                with gate as materialized (
                    select count(*) from public.gate
                ), inserted as (
                    insert into public.notes (note)
                    select note from gate, unnest($1::text[]) as note
                )
                select pg_current_xact_id()::text::bigint";
            let transaction: i64 = sqlx::query_scalar(insert).bind(notes).fetch_all(&mut **connection).await?[0];
            let answer = |note: &String| if note.is_empty() { Err(Error::Blank) } else { Ok(transaction) };
            Ok(commands.iter().map(answer).collect())
        })
    }
}

/// Answers with the id of the session on which it runs.
struct GetSession;

impl BatchHandler for GetSession {
    type Command = ();
    type Answer = i32;
    type Error = DbError;

    fn apply<'a>(&'a self, connection: &'a mut Autocommit, commands: &'a [()]) -> BatchAnswers<'a, i32, DbError> {
        Box::pin(async move {
            let session: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut **connection).await?;
            Ok(commands.iter().map(|()| Ok(session)).collect())
        })
    }
}

/// A database with the table of the notes, and a batcher that inserts into it.
struct Fixture {
    database: TestDatabase,
    notes: Batcher<InsertNotes>,
}

/// While a gate is closed, no batch can end.
struct Gate(PgConnection);

async fn fixture() -> Fixture {
    let database = harness::empty_database().await;
    let mut connection = database.connect().await;
    let tables = "
        create table public.notes (note text primary key);
        create table public.gate ();
        create function public.refuse() returns trigger language plpgsql as $$ begin raise 'too late'; end $$;
        create constraint trigger refused_at_commit after insert on public.notes
            deferrable initially deferred
            for each row when (new.note = 'refused at commit') execute function public.refuse();";
    sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
    let notes = Batcher::new(database.write_pool("public", &Ambient::system()), InsertNotes);
    Fixture { database, notes }
}

impl Fixture {
    async fn closed_gate(&self) -> Gate {
        let mut connection = self.database.connect().await;
        sqlx::raw_sql("begin; lock table public.gate").execute(&mut connection).await.unwrap();
        Gate(connection)
    }

    fn send(&self, note: &str) -> JoinHandle<Result<i64, Error>> {
        let (notes, note) = (self.notes.clone(), note.to_owned());
        let mut running = Box::pin(async move { notes.run(note).await });
        // The first poll puts it into the queue.
        assert!((&mut running).now_or_never().is_none());
        tokio::spawn(running)
    }

    /// Sends a note and returns once its batch waits at the gate.
    async fn start_first_batch(&self) -> JoinHandle<Result<i64, Error>> {
        let first = self.send("first");
        eventually("a batch waits at the gate", async || (self.count_waiting().await == 1).then_some(())).await;
        first
    }

    async fn count_waiting(&self) -> i64 {
        let mut connection = self.database.connect().await;
        let count = "select count(*) from pg_locks where relation = 'public.gate'::regclass and not granted";
        sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
    }

    async fn list_notes(&self) -> Vec<String> {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar("select note from public.notes order by note").fetch_all(&mut connection).await.unwrap()
    }
}

impl Gate {
    async fn open(mut self) {
        sqlx::query("commit").execute(&mut self.0).await.unwrap();
    }
}

#[tokio::test]
async fn commands_that_arrive_during_a_batch_are_committed_together() {
    let fixture = fixture().await;
    let gate = fixture.closed_gate().await;
    let first = fixture.start_first_batch().await;
    let waiting: Vec<_> = (0..50).map(|number| fixture.send(&format!("note {number}"))).collect();
    gate.open().await;
    let alone = first.await.unwrap().unwrap();
    let mut together = Vec::new();
    for answer in waiting {
        together.push(answer.await.unwrap().unwrap());
    }
    together.dedup();
    assert_eq!(together.len(), 1, "in one transaction");
    assert_ne!(alone, together[0]);
    assert_eq!(fixture.list_notes().await.len(), 51);
}

#[tokio::test]
async fn a_command_is_answered_after_its_commit() {
    let fixture = fixture().await;
    let gate = fixture.closed_gate().await;
    let first = fixture.start_first_batch().await;
    assert!(!first.is_finished());
    assert!(fixture.list_notes().await.is_empty());
    gate.open().await;
    first.await.unwrap().unwrap();
    assert!(fixture.list_notes().await.contains(&"first".to_owned()));
}

#[tokio::test]
async fn a_command_that_fails_at_its_commit_is_answered_with_the_error() {
    let fixture = fixture().await;
    let refused = fixture.send("refused at commit").await.unwrap();
    assert!(matches!(refused, Err(Error::Database(DbError::Sql(_)))), "{refused:?}");
    assert!(fixture.list_notes().await.is_empty());
}

#[tokio::test]
async fn an_error_fails_only_the_command_that_causes_it() {
    let fixture = fixture().await;
    let gate = fixture.closed_gate().await;
    let first = fixture.start_first_batch().await;
    // The database refuses the second "twice", and with it the whole statement.
    let waiting: Vec<_> = ["before", "", "twice", "twice", "after", "panic"].map(|note| fixture.send(note)).into();
    gate.open().await;
    let mut answers = Vec::new();
    for answer in waiting {
        answers.push(answer.await.unwrap());
    }
    assert!(matches!(answers[1], Err(Error::Blank)), "{:?}", answers[1]);
    assert!(matches!(answers[3], Err(Error::Database(DbError::Sql(_)))), "{:?}", answers[3]);
    assert!(matches!(answers[5], Err(Error::Database(DbError::OutcomeUnknown { .. }))), "{:?}", answers[5]);
    for fine in [0, 2, 4] {
        assert!(answers[fine].is_ok(), "{:?}", answers[fine]);
    }
    assert_eq!(fixture.list_notes().await, ["after", "before", "first", "twice"]);
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_command_whose_caller_goes_away_before_its_batch_begins_is_dropped() {
    let fixture = fixture().await;
    let gate = fixture.closed_gate().await;
    let first = fixture.start_first_batch().await;
    let (gone, stays) = (fixture.send("gone"), fixture.send("stays"));
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    // The batch of this one is running, so it is finished without its caller.
    first.abort();
    gate.open().await;
    stays.await.unwrap().unwrap();
    eventually("the running batch has ended", async || {
        (fixture.list_notes().await == ["first", "stays"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn after_a_panic_the_batcher_accepts_further_commands() {
    let fixture = fixture().await;
    for _ in 0..5 {
        let answer = fixture.send("panic").await.unwrap();
        assert!(matches!(answer, Err(Error::Database(DbError::OutcomeUnknown { .. }))), "{answer:?}");
    }
    assert!(fixture.send("fine").await.unwrap().is_ok());
}

#[tokio::test]
async fn after_a_lost_connection_the_outcome_is_unknown_and_the_next_batch_has_another_connection() {
    let fixture = fixture().await;
    let gate = fixture.closed_gate().await;
    let first = fixture.start_first_batch().await;
    let next = fixture.send("next");
    let mut connection = fixture.database.connect().await;
    let end = "select pg_terminate_backend(pid) from pg_locks where relation = 'public.gate'::regclass and not granted";
    sqlx::query(end).execute(&mut connection).await.unwrap();
    let lost = first.await.unwrap();
    assert!(matches!(&lost, Err(Error::Database(DbError::OutcomeUnknown { .. }))), "{lost:?}");
    gate.open().await;
    next.await.unwrap().unwrap();
    assert_eq!(fixture.list_notes().await, ["next"]);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_command_and_returned_when_none_comes() {
    let database = harness::empty_database().await;
    let write = database.write_pool("public", &Ambient::system());
    // The pool would hand out its two connections in turn.
    let (one, other) = (write.begin().await.unwrap(), write.begin().await.unwrap());
    one.rollback().await.unwrap();
    other.rollback().await.unwrap();
    let sessions = Batcher::new(write.clone(), GetSession);
    eventually("the same session twice in a row", async || {
        (sessions.run(()).await.unwrap() == sessions.run(()).await.unwrap()).then_some(())
    })
    .await;
    eventually("both connections are idle", async || (write.raw().num_idle() == 2).then_some(())).await;
}

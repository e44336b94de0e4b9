//! Commands that arrive together: one commit for all, an answer for each, and nobody pays for a neighbour.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use futures_util::FutureExt;
use harness::{TestDatabase, eventually};
use kernel::batch::{Applying, Batcher, Work};
use kernel::{Ambient, Autocommit};
use sqlx::PgConnection;
use tokio::task::JoinHandle;

/// Keeps notes; a blank one is refused by the work, one that is known by the database, and one makes it panic.
struct Notes;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("blank")]
    Blank,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Work for Notes {
    type Command = String;
    type Answer = i64;
    type Error = Error;

    fn apply<'a>(&'a self, connection: &'a mut Autocommit, commands: &'a [String]) -> Applying<'a, i64, Error> {
        Box::pin(async move {
            assert!(!commands.iter().any(|note| note == "panic"), "as the test wants it");
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

/// Answers with the session that it was asked on.
struct Sessions;

impl Work for Sessions {
    type Command = ();
    type Answer = i32;
    type Error = sqlx::Error;

    fn apply<'a>(&'a self, connection: &'a mut Autocommit, commands: &'a [()]) -> Applying<'a, i32, sqlx::Error> {
        Box::pin(async move {
            let session: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut **connection).await?;
            Ok(commands.iter().map(|()| Ok(session)).collect())
        })
    }
}

struct World {
    database: TestDatabase,
    notes: Batcher<Notes>,
}

/// Whoever holds it keeps every batch waiting.
struct Gate(PgConnection);

async fn world() -> World {
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
    let notes = Batcher::new(database.write_pool("public", &Ambient::system()), Notes);
    World { database, notes }
}

impl World {
    async fn closed_gate(&self) -> Gate {
        let mut connection = self.database.connect().await;
        sqlx::raw_sql("begin; lock table public.gate").execute(&mut connection).await.unwrap();
        Gate(connection)
    }

    fn send(&self, note: &str) -> JoinHandle<Result<i64, Error>> {
        let (notes, note) = (self.notes.clone(), note.to_owned());
        let mut running = Box::pin(async move { notes.run(note).await });
        // It stands in the queue as soon as it is polled.
        assert!((&mut running).now_or_never().is_none());
        tokio::spawn(running)
    }

    /// Until a batch, of one note, stands before the gate.
    async fn one_is_busy(&self) -> JoinHandle<Result<i64, Error>> {
        let first = self.send("first");
        eventually("a batch stands before the gate", async || (self.standing().await == 1).then_some(())).await;
        first
    }

    async fn standing(&self) -> i64 {
        let mut connection = self.database.connect().await;
        let count = "select count(*) from pg_locks where relation = 'public.gate'::regclass and not granted";
        sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
    }

    async fn kept(&self) -> Vec<String> {
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
async fn what_arrives_while_others_are_at_work_is_committed_together() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let first = world.one_is_busy().await;
    let waiting: Vec<_> = (0..50).map(|number| world.send(&format!("note {number}"))).collect();
    gate.open().await;
    let alone = first.await.unwrap().unwrap();
    let mut together = Vec::new();
    for answer in waiting {
        together.push(answer.await.unwrap().unwrap());
    }
    together.dedup();
    assert_eq!(together.len(), 1, "in one transaction");
    assert_ne!(alone, together[0]);
    assert_eq!(world.kept().await.len(), 51);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let first = world.one_is_busy().await;
    assert!(!first.is_finished());
    assert!(world.kept().await.is_empty());
    gate.open().await;
    first.await.unwrap().unwrap();
    assert!(world.kept().await.contains(&"first".to_owned()));
}

#[tokio::test]
async fn what_the_commit_refuses_is_not_answered_as_done() {
    let world = world().await;
    let refused = world.send("refused at commit").await.unwrap();
    assert!(matches!(refused, Err(Error::Database(sqlx::Error::Database(_)))), "{refused:?}");
    assert!(world.kept().await.is_empty());
}

#[tokio::test]
async fn an_error_in_one_does_not_fail_its_neighbours() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let first = world.one_is_busy().await;
    // The database refuses the second "twice", and with it the whole statement.
    let waiting: Vec<_> = ["before", "", "twice", "twice", "after", "panic"].map(|note| world.send(note)).into();
    gate.open().await;
    let mut answers = Vec::new();
    for answer in waiting {
        answers.push(answer.await.unwrap());
    }
    assert!(matches!(answers[1], Err(Error::Blank)), "{:?}", answers[1]);
    assert!(matches!(answers[3], Err(Error::Database(sqlx::Error::Database(_)))), "{:?}", answers[3]);
    assert!(matches!(answers[5], Err(Error::Database(sqlx::Error::WorkerCrashed))), "{:?}", answers[5]);
    for fine in [0, 2, 4] {
        assert!(answers[fine].is_ok(), "{:?}", answers[fine]);
    }
    assert_eq!(world.kept().await, ["after", "before", "first", "twice"]);
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test]
async fn whoever_goes_away_before_it_begins_has_asked_for_nothing() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let first = world.one_is_busy().await;
    let (gone, stays) = (world.send("gone"), world.send("stays"));
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    // This one has begun: it goes on without anybody who listens.
    first.abort();
    gate.open().await;
    stays.await.unwrap().unwrap();
    eventually("what had begun is done", async || (world.kept().await == ["first", "stays"]).then_some(())).await;
}

#[tokio::test]
async fn a_batch_that_panics_is_answered_and_does_not_end_the_work() {
    let world = world().await;
    for _ in 0..5 {
        let answer = world.send("panic").await.unwrap();
        assert!(matches!(answer, Err(Error::Database(sqlx::Error::WorkerCrashed))), "{answer:?}");
    }
    assert!(world.send("fine").await.unwrap().is_ok());
}

#[tokio::test]
async fn a_batch_whose_connection_dies_is_told_so_and_the_next_one_has_another() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let first = world.one_is_busy().await;
    let next = world.send("next");
    let mut connection = world.database.connect().await;
    let end = "select pg_terminate_backend(pid) from pg_locks where relation = 'public.gate'::regclass and not granted";
    sqlx::query(end).execute(&mut connection).await.unwrap();
    let told = first.await.unwrap();
    assert!(matches!(&told, Err(Error::Database(error)) if kernel::db::is_unavailable(error)), "{told:?}");
    gate.open().await;
    next.await.unwrap().unwrap();
    assert_eq!(world.kept().await, ["next"]);
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_command_and_given_back_when_none_comes() {
    let database = harness::empty_database().await;
    let write = database.write_pool("public", &Ambient::system());
    // Two that wait in the pool take turns.
    let (one, other) = (write.begin().await.unwrap(), write.begin().await.unwrap());
    one.rollback().await.unwrap();
    other.rollback().await.unwrap();
    let sessions = Batcher::new(write.clone(), Sessions);
    eventually("the same session twice running", async || {
        (sessions.run(()).await.unwrap() == sessions.run(()).await.unwrap()).then_some(())
    })
    .await;
    eventually("both are back", async || (write.raw().num_idle() == 2).then_some(())).await;
}

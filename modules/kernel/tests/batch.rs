//! Commands that arrive together: one commit for all, an answer for each, and nobody pays for a neighbour.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use harness::{TestDatabase, eventually};
use kernel::batch::{Batcher, Work};
use kernel::{Ambient, Tx};
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

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        commands: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Result<i64, Error>>, sqlx::Error>> {
        Box::pin(async move {
            assert!(!commands.iter().any(|note| note == "panic"), "as the test wants it");
            sqlx::query("lock table public.gate in share mode").execute(&mut **tx).await?;
            let mut answers = Vec::new();
            for note in commands {
                if note.is_empty() {
                    answers.push(Err(Error::Blank));
                    continue;
                }
                let insert = "insert into public.notes (note) values ($1) returning pg_current_xact_id()::text::bigint";
                answers.push(Ok(sqlx::query_scalar(insert).bind(note).fetch_one(&mut **tx).await?));
            }
            Ok(answers)
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
    let tables = "create table public.notes (note text primary key); create table public.gate ()";
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

    /// Until as many batches as may be at once stand before the gate.
    async fn all_are_busy(&self) -> [JoinHandle<Result<i64, Error>>; 2] {
        let mut busy = Vec::new();
        for note in ["first", "second"] {
            busy.push(self.send(note));
            let standing = i64::try_from(busy.len()).unwrap();
            eventually("a batch stands before the gate", async || (self.standing().await == standing).then_some(()))
                .await;
        }
        busy.try_into().unwrap()
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
    let [first, second] = world.all_are_busy().await;
    let waiting: Vec<_> = (0..50).map(|number| world.send(&format!("note {number}"))).collect();
    gate.open().await;
    let alone = [first.await.unwrap().unwrap(), second.await.unwrap().unwrap()];
    assert_ne!(alone[0], alone[1]);
    let mut together = Vec::new();
    for answer in waiting {
        together.push(answer.await.unwrap().unwrap());
    }
    together.dedup();
    assert_eq!(together.len(), 1, "in one transaction");
    assert!(!alone.contains(&together[0]));
    assert_eq!(world.kept().await.len(), 52);
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let [first, second] = world.all_are_busy().await;
    assert!(!first.is_finished() && !second.is_finished());
    assert!(world.kept().await.is_empty());
    gate.open().await;
    first.await.unwrap().unwrap();
    assert!(world.kept().await.contains(&"first".to_owned()));
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_error_in_one_does_not_fail_its_neighbours() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let [first, second] = world.all_are_busy().await;
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
    assert_eq!(world.kept().await, ["after", "before", "first", "second", "twice"]);
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
}

#[tokio::test]
async fn whoever_goes_away_before_it_begins_has_asked_for_nothing() {
    let world = world().await;
    let gate = world.closed_gate().await;
    let [first, second] = world.all_are_busy().await;
    let (gone, stays) = (world.send("gone"), world.send("stays"));
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    // This one has begun: it goes on without anybody who listens.
    first.abort();
    gate.open().await;
    stays.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    eventually("what had begun is done", async || (world.kept().await == ["first", "second", "stays"]).then_some(()))
        .await;
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

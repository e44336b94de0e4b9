//! Events that are written on each path: they are valid and carry the trace of the request that
//! caused them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use std::sync::{Arc, Mutex};

use contracts::{Event, Fact};
use harness::{TestDatabase, eventually};
use kernel::http::shielded;
use kernel::http::trace::TraceContext;
use kernel::runtime::batch::{BatchAnswers, BatchHandler, Batcher};
use kernel::{Ambient, Autocommit, DbError, Problem, WritePool};
use serde::{Deserialize, Serialize};
use sqlx::Executor;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Noted {
    notes: Vec<String>,
}

impl Fact for Noted {
    const TYPE: &'static str = "piecework.test.noted.v1";
    const SOURCE: &'static str = "/piecework/test";

    fn weight(&self) -> usize {
        self.notes.len()
    }
}

/// Publishes the notes of a batch in one event, which its statement composes.
struct PublishNotes;

impl BatchHandler for PublishNotes {
    type Command = String;
    type Answer = ();
    type Error = DbError;

    fn apply<'a>(&'a self, connection: &'a mut Autocommit, notes: &'a [String]) -> BatchAnswers<'a, (), DbError> {
        Box::pin(async move {
            let envelope = connection.envelope::<Noted>()?;
            let insert = "
                with gate as materialized (
                    select count(*) from public.gate
                )
                insert into public.outbox (event_id, event, weight)
                select $1, ($2 || json_build_object('notes', $3::text[]) || '}')::json, cardinality($3)
                from gate
                returning true";
            let query = sqlx::query(insert).bind(envelope.event_id()).bind(envelope.head()).bind(notes);
            query.fetch_all(&mut **connection).await?;
            Ok(notes.iter().map(|_| Ok(())).collect())
        })
    }
}

async fn database_with_outbox() -> (TestDatabase, WritePool) {
    let database = harness::empty_database().await;
    let tables = "
        create table public.outbox (
            position bigint generated always as identity, event_id uuid not null, event json not null,
            weight integer not null
        );
        create table public.gate ();";
    sqlx::raw_sql(tables).execute(&mut database.connect().await).await.unwrap();
    let write = database.write_pool("public", &Ambient::system());
    (database, write)
}

async fn only_event(database: &TestDatabase) -> Event {
    let [event] = <[Event; 1]>::try_from(database.outbox("public").await).unwrap();
    assert_eq!((event.specversion.as_str(), event.source.as_str()), ("1.0", Noted::SOURCE));
    assert_eq!((event.kind.as_str(), event.datacontenttype.as_str()), (Noted::TYPE, "application/json"));
    event
}

fn noted(notes: &[&str]) -> Noted {
    Noted { notes: notes.iter().map(|note| (*note).to_owned()).collect() }
}

#[tokio::test]
async fn an_event_of_a_transaction_carries_the_trace_of_its_request() {
    let (database, write) = database_with_outbox().await;
    let trace = TraceContext::new(write.ambient());
    let publish = async {
        let mut tx = write.begin().await.unwrap();
        tx.emit(&noted(&["first"])).await.unwrap();
        tx.commit().await.unwrap();
    };
    trace.scope(publish).await;
    let event = only_event(&database).await;
    assert_eq!(event.traceparent, Some(trace.to_string()));
    assert_eq!(event.fact::<Noted>().unwrap(), noted(&["first"]));
}

#[tokio::test]
async fn a_shielded_handler_keeps_the_trace_of_its_request() {
    let ambient = Ambient::system();
    let trace = TraceContext::new(&ambient);
    let seen = Arc::new(Mutex::new(None));
    let work = {
        let seen = Arc::clone(&seen);
        async move {
            *seen.lock().unwrap() = TraceContext::current();
            Ok::<(), Problem>(())
        }
    };
    trace.scope(shielded(work)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(trace));
    assert_eq!(TraceContext::current(), None);
}

#[tokio::test]
async fn an_event_without_a_request_has_no_trace() {
    let (database, write) = database_with_outbox().await;
    let mut tx = write.begin().await.unwrap();
    tx.emit(&noted(&["first"])).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(only_event(&database).await.traceparent, None);
    let text: String =
        sqlx::query_scalar("select event::text from public.outbox").fetch_one(write.raw()).await.unwrap();
    assert!(!text.contains("traceparent") && !text.contains("subject"), "{text}");
}

#[tokio::test]
async fn the_event_of_a_batch_is_valid_and_carries_the_trace_of_its_first_command() {
    let ambient = Ambient::system();
    let traces = [(); 3].map(|()| TraceContext::new(&ambient));
    let [first, rest] = publish_in_two_batches(traces).await;
    assert_eq!((first.traceparent, first.traceparents), (Some(traces[0].to_string()), None));
    assert_eq!((rest.traceparent, rest.traceparents), (Some(traces[1].to_string()), None));
}

#[tokio::test]
async fn the_event_of_a_batch_carries_the_trace_of_each_command_that_is_sampled() {
    let ambient = Ambient::system();
    let begun = TraceContext::new(&ambient);
    let sampled = |digit: &str| TraceContext::from_header(&format!("00-{}-{}-01", digit.repeat(32), digit.repeat(16)));
    let [second, third] = ["a", "b"].map(|digit| sampled(digit).unwrap());
    let [first, rest] = publish_in_two_batches([begun, second, third]).await;
    assert_eq!((first.traceparent, first.traceparents), (Some(begun.to_string()), None));
    assert_eq!((rest.traceparent, rest.traceparents), (Some(second.to_string()), Some(third.to_string())));
    let [_, rest] = publish_in_two_batches([second, begun, third]).await;
    assert_eq!((rest.traceparent, rest.traceparents), (Some(third.to_string()), None));
}

/// The events of a batch of one command and of a batch of two commands, whose requests have these
/// contexts.
async fn publish_in_two_batches(traces: [TraceContext; 3]) -> [Event; 2] {
    let (database, write) = database_with_outbox().await;
    let notes = Batcher::new(write.clone(), PublishNotes);
    let mut gate = database.connect().await;
    gate.execute("begin; lock table public.gate").await.unwrap();
    let send = |note: &str, trace: TraceContext| {
        let (notes, note) = (notes.clone(), note.to_owned());
        tokio::spawn(trace.scope(async move { notes.run(note).await }))
    };
    let first = send("first", traces[0]);
    let waiting = "select count(*) from pg_locks where relation = 'public.gate'::regclass and not granted";
    eventually("the first batch waits at the gate", async || {
        let count: i64 = sqlx::query_scalar(waiting).fetch_one(write.raw()).await.unwrap();
        (count == 1).then_some(())
    })
    .await;
    let second = send("second \"quoted\"", traces[1]);
    tokio::task::yield_now().await;
    let third = send("third", traces[2]);
    tokio::task::yield_now().await;
    gate.execute("commit").await.unwrap();
    for sent in [first, second, third] {
        sent.await.unwrap().unwrap();
    }
    let [first, rest] = <[Event; 2]>::try_from(database.outbox("public").await).unwrap();
    assert_eq!(first.fact::<Noted>().unwrap(), noted(&["first"]));
    assert_eq!(rest.fact::<Noted>().unwrap(), noted(&["second \"quoted\"", "third"]));
    [first, rest]
}

//! Events whose JSON is composed in SQL: they have exactly the fields of the fact type in
//! `contracts`, and they carry the trace of the request that caused them.

use contracts::events::audit::AuditRecorded;
use contracts::events::identity::PersonState;
use contracts::events::tasks::{TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, Fact, Role};
use kernel::http::trace::TraceContext;
use serde_json::Value;
use tasks::{ImportRow, RawTask};

use crate::fixture::{Fixture, fixture, person_id, raw_task};

/// Reads the event as its fact type. The error names the fields that are missing or unknown.
fn read_exactly(event: &Event) -> Result<(), String> {
    match event.kind.as_str() {
        TasksCreated::TYPE => event.exact_fact::<TasksCreated>().map(drop),
        TasksAssigned::TYPE => event.exact_fact::<TasksAssigned>().map(drop),
        TasksCompleted::TYPE => event.exact_fact::<TasksCompleted>().map(drop),
        AuditRecorded::TYPE => event.exact_fact::<AuditRecorded>().map(drop),
        kind => return Err(format!("tasks does not publish {kind}")),
    }
    .map_err(|error| format!("{error}\n{}", event.data.get()))
}

#[tokio::test]
async fn every_statement_publishes_exactly_the_fields_of_its_fact() {
    let fixture = fixture(1).await;
    let task = fixture.create("Without a reference").await;
    fixture.create("[POP-42] With a reference").await;
    fixture.request_run().await;
    fixture.finish_runs().await;
    fixture.tasks.complete_task(task.task_id, task.assignee_id).await.unwrap();
    let mut import = fixture.tasks.begin_import().await.unwrap();
    import.add(vec![ImportRow { line: 2, task: raw_task("Imported"), ..ImportRow::default() }]).await.unwrap();
    import.commit().await.unwrap();

    let events = fixture.database.outbox("tasks").await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    let created = TasksCreated::TYPE;
    let (run, import) = ([AuditRecorded::TYPE, TasksAssigned::TYPE], [created, AuditRecorded::TYPE]);
    assert_eq!(kinds, [&[created, created][..], &run, &[TasksCompleted::TYPE], &import].concat());
    for event in &events {
        read_exactly(event).unwrap();
    }
}

/// Reads the only event in the outbox, compares it with the event that its type writes, and empties
/// the outbox.
async fn assert_published<F: Fact>(fixture: &Fixture, trace: TraceContext) -> F {
    let mut connection = fixture.database.connect().await;
    let query = sqlx::query_scalar("select event::text from tasks.outbox").fetch_all(&mut connection);
    let [stored] = <[String; 1]>::try_from(query.await.unwrap()).unwrap();
    let event: Event = serde_json::from_str(&stored).unwrap();
    let fact: F = event.fact().unwrap();
    let written = Event { traceparent: Some(trace.to_string()), ..Event::new(event.id, event.time, &fact).unwrap() };
    // PostgreSQL writes the offset of UTC as a number.
    let stored: Value = serde_json::from_str(&stored.replace("+00:00", "Z")).unwrap();
    assert_eq!(stored, serde_json::to_value(&written).unwrap());
    assert_eq!(event.time, fixture.ambient.now());
    fixture.database.clear_outbox("tasks").await;
    fact
}

#[tokio::test]
async fn a_created_and_a_completed_task_publish_valid_events_with_the_trace_of_their_request() {
    let fixture = fixture(1).await;
    let trace = TraceContext::new(&fixture.ambient);
    let raw = RawTask {
        title: "Fix `Vec<[u8]>` \"now\" \u{1F600}".to_owned(),
        reference: Some("POP-42".to_owned()),
        ..RawTask::default()
    };
    let task = trace.scope(fixture.tasks.create_task(raw, person_id(1))).await.unwrap();
    let created: TasksCreated = assert_published(&fixture, trace).await;
    assert_eq!(created.tasks[0].title, task.title);
    assert_eq!(created.tasks[0].reference.as_deref(), Some("POP-42"));

    let trace = TraceContext::new(&fixture.ambient);
    trace.scope(fixture.tasks.complete_task(task.task_id, person_id(1))).await.unwrap();
    let completed: TasksCompleted = assert_published(&fixture, trace).await;
    assert_eq!(completed.completions[0].task_id, task.task_id);
}

#[tokio::test]
async fn the_events_of_a_run_carry_the_trace_of_its_request() {
    let fixture = fixture(1).await;
    fixture.create("Assigned again").await;
    let trace = TraceContext::new(&fixture.ambient);
    trace.scope(fixture.request_run()).await;
    fixture.database.clear_outbox("tasks").await;
    fixture.finish_runs().await;
    let assigned: TasksAssigned = assert_published(&fixture, trace).await;
    assert_eq!(assigned.assignments.len(), 1);
}

#[tokio::test]
async fn a_run_by_the_system_has_a_trace_if_one_request_has_changed_the_people() {
    for is_only_request in [true, false] {
        let fixture = fixture(1).await;
        fixture.create("Assigned again").await;
        let joined = [2, 3].map(|number| harness::person(number, Role::Worker));
        fixture.inbox.receive(&[harness::people_changed(2, joined.to_vec())]).await.unwrap();
        fixture.database.clear_outbox("tasks").await;

        let traces = [(); 2].map(|()| Some(TraceContext::new(&fixture.ambient).to_string()));
        let left = PersonState { version: 2, active: false, ..harness::person(1, Role::Worker) };
        let renamed = PersonState { version: 2, name: "Ben".to_owned(), ..harness::person(2, Role::Worker) };
        let [ours, others] = &traces;
        let mut changes = vec![Event { traceparent: ours.clone(), ..harness::people_changed(3, vec![left]) }];
        if !is_only_request {
            changes.push(Event { traceparent: others.clone(), ..harness::people_changed(4, vec![renamed]) });
        }
        fixture.inbox.receive(&changes).await.unwrap();
        fixture.finish_runs().await;
        let published = fixture.database.outbox("tasks").await;
        let found: Vec<(&str, &Option<String>)> =
            published.iter().map(|event| (event.kind.as_str(), &event.traceparent)).collect();
        let expected = if is_only_request { ours } else { &None };
        assert_eq!(found, [(TasksAssigned::TYPE, expected)]);
    }
}

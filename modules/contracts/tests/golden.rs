//! Every published event version, frozen: what is written today must be what was written when the version was published.
//!
//! A test that fails here means: make a new version, never change the file.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

use chrono::{DateTime, Utc};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine, TaskPrice, TasksPriced};
use contracts::events::identity::{PeopleChanged, PersonState};
use contracts::events::tasks::{Assignment, Completion, CreatedTask, TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, Fact, Id, Role};
use serde_json::Value;
use uuid::Uuid;

fn id<T>(number: u128) -> Id<T> {
    Id::from(Uuid::from_u128(number))
}

fn time() -> DateTime<Utc> {
    "2026-11-22T09:30:00.123456Z".parse().unwrap()
}

/// Writes the fact in its envelope and holds it against the frozen file; then reads the file, with a field more.
fn assert_frozen<F: Fact + PartialEq + std::fmt::Debug>(fact: &F, golden: &str) {
    let event = Event::new(id(1), time(), Some("subject".to_owned()), fact).unwrap();
    let written = serde_json::to_value(&event).unwrap();
    let frozen: Value = serde_json::from_str(golden).unwrap();
    assert_eq!(written, frozen, "{} is published: make a new version", F::TYPE);

    let mut from_the_future = frozen;
    from_the_future["data"]["a_field_of_tomorrow"] = Value::from(1);
    from_the_future["an_extension"] = Value::from("x");
    let read: Event = serde_json::from_str(&from_the_future.to_string()).unwrap();
    assert_eq!(&read.fact::<F>().unwrap(), fact);
}

#[test]
fn people_changed_v1() {
    let person = PersonState {
        person_id: id(2),
        version: 3,
        name: "Ольга «Оля»".to_owned(),
        email: "olga@example.org".to_owned(),
        role: Role::Accountant,
        active: true,
        language: Some("ru".to_owned()),
    };
    assert_frozen(&PeopleChanged { people: vec![person] }, include_str!("golden/identity.people_changed.v1.json"));
}

#[test]
fn tasks_created_v1() {
    let task = CreatedTask {
        task_id: id(2),
        title: "Fix `Vec<[u8]>` \"now\"".to_owned(),
        reference: Some("POP-42".to_owned()),
        assignee_id: id(3),
        created_at: time(),
    };
    assert_frozen(&TasksCreated { tasks: vec![task] }, include_str!("golden/tasks.created.v1.json"));
}

#[test]
fn tasks_assigned_v1() {
    let assigned = TasksAssigned {
        reassignment_id: id(4),
        assigned_at: time(),
        assignments: vec![Assignment { task_id: id(2), number: 2, assignee_id: id(3) }],
    };
    assert_frozen(&assigned, include_str!("golden/tasks.assigned.v1.json"));
}

#[test]
fn tasks_completed_v1() {
    let completion = Completion {
        task_id: id(2),
        title: "Fix the door".to_owned(),
        reference: None,
        completed_by: id(3),
        completed_at: time(),
    };
    assert_frozen(&TasksCompleted { completions: vec![completion] }, include_str!("golden/tasks.completed.v1.json"));
}

#[test]
fn tasks_priced_v1() {
    let priced = TasksPriced {
        currency: "USD".parse().unwrap(),
        prices: vec![TaskPrice { task_id: id(2), fee_minor: 1_500, reward_minor: 3_000 }],
    };
    assert_frozen(&priced, include_str!("golden/accounting.priced.v1.json"));
}

#[test]
fn people_paid_v1() {
    let line = StatementLine {
        kind: "completion_reward".to_owned(),
        task_title: Some("Fix the door".to_owned()),
        amount_minor: 3_000,
        occurred_at: time(),
    };
    let payout = Payout {
        transfer_id: id(5),
        person_id: id(3),
        amount_minor: 1_500,
        opening_balance_minor: -1_500,
        lines_total: 1,
        lines: vec![line],
    };
    let paid = PeoplePaid {
        business_day: "2026-11-21".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        currency_exponent: 2,
        payouts: vec![payout],
    };
    assert_frozen(&paid, include_str!("golden/accounting.paid.v1.json"));
}

//! Every published event version has a golden file. The JSON of an event must not change after its
//! version is published.
//!
//! If a test of this file fails, publish a new version. Never change a golden file.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

use chrono::{DateTime, Utc};
use contracts::audit::{Actor, AuditAction};
use contracts::events::accounting::{Payout, PeoplePaid, StatementLine, TaskPrice, TasksPriced};
use contracts::events::audit::AuditRecorded;
use contracts::events::identity::{AddressChanged, LinkPurpose, PasswordLinkCreated, PeopleChanged, PersonState};
use contracts::events::tasks::{Assignment, Completion, CreatedTask, TasksAssigned, TasksCompleted, TasksCreated};
use contracts::{Event, Fact, Id, Role, Secret};
use serde_json::Value;
use uuid::Uuid;

fn id<T>(number: u128) -> Id<T> {
    Id::from(Uuid::from_u128(number))
}

fn time() -> DateTime<Utc> {
    "2026-11-22T09:30:00.123456Z".parse().unwrap()
}

/// Compares the fact in its envelope with the golden file. Then reads the golden file with unknown
/// fields added.
///
/// The golden files contain the attribute `subject`, which is not published any more, because no
/// subscriber used it. An event that contains it must still be readable.
fn assert_golden<F: Fact + PartialEq + std::fmt::Debug>(fact: &F, golden: &str) {
    let event = Event::new(id(1), time(), fact).unwrap();
    let written = serde_json::to_value(&event).unwrap();
    let frozen: Value = serde_json::from_str(golden).unwrap();
    let mut without_subject = frozen.clone();
    assert_eq!(without_subject.as_object_mut().unwrap().remove("subject"), Some(Value::from("subject")));
    assert_eq!(written, without_subject, "{} is published: make a new version", F::TYPE);

    let mut with_unknown_fields = frozen;
    with_unknown_fields["data"]["an_unknown_field"] = Value::from(1);
    with_unknown_fields["an_extension"] = Value::from("x");
    let read: Event = serde_json::from_str(&with_unknown_fields.to_string()).unwrap();
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
    assert_golden(&PeopleChanged { people: vec![person] }, include_str!("golden/identity.people_changed.v1.json"));
}

#[test]
fn address_changed_v1() {
    let changed = AddressChanged {
        person_id: id(2),
        old_email: "olga@example.org".to_owned(),
        new_email: "o.petrova@xn--bcher-kva.example".to_owned(),
        changed_at: time(),
    };
    assert_golden(&changed, include_str!("golden/identity.address_changed.v1.json"));
}

#[test]
fn password_link_created_v1() {
    let created = PasswordLinkCreated {
        person_id: id(2),
        purpose: LinkPurpose::PasswordReset,
        email: "olga@example.org".to_owned(),
        token: Secret("JDE2MzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE".to_owned()),
        created_at: time(),
        expires_at: time(),
    };
    assert!(!format!("{created:?}").contains("JDE2"), "a token is not logged");
    assert_golden(&created, include_str!("golden/identity.password_link_created.v1.json"));
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
    assert_golden(&TasksCreated { tasks: vec![task] }, include_str!("golden/tasks.created.v1.json"));
}

#[test]
fn tasks_assigned_v1() {
    let assigned = TasksAssigned {
        reassignment_id: id(4),
        assigned_at: time(),
        assignments: vec![Assignment { task_id: id(2), number: 2, assignee_id: id(3) }],
    };
    assert_golden(&assigned, include_str!("golden/tasks.assigned.v1.json"));
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
    assert_golden(&TasksCompleted { completions: vec![completion] }, include_str!("golden/tasks.completed.v1.json"));
}

#[test]
fn tasks_priced_v1() {
    let priced = TasksPriced {
        currency: "USD".parse().unwrap(),
        prices: vec![TaskPrice { task_id: id(2), fee_minor: 1_500, reward_minor: 3_000 }],
    };
    assert_golden(&priced, include_str!("golden/accounting.priced.v1.json"));
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
    assert_golden(&paid, include_str!("golden/accounting.paid.v1.json"));
}

#[test]
fn audit_recorded_v1() {
    let recorded = AuditRecorded {
        occurred_at: time(),
        action: AuditAction::RoleChanged.as_str().to_owned(),
        actor: Actor::Person { person_id: id(2) },
        address: "2001:db8::7".parse().ok(),
        subject: Some("00000000-0000-0000-0000-000000000003".to_owned()),
        details: [("from".to_owned(), "worker".to_owned()), ("to".to_owned(), "manager".to_owned())].into(),
        request_id: Some("abc-123".to_owned()),
    };
    assert_golden(&recorded, include_str!("golden/audit.recorded.v1.json"));
}

/// The database and clients have these names.
#[test]
fn the_names_of_actors_and_actions_are_stable_and_different() {
    let kind = |actor: Actor| serde_json::to_value(actor).unwrap()["kind"].clone();
    assert_eq!(kind(Actor::CommandLine { user: "ada".to_owned() }), "command_line");
    assert_eq!((kind(Actor::Anonymous), kind(Actor::System)), ("anonymous".into(), "system".into()));
    let mut names = AuditAction::ALL.map(AuditAction::as_str).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), AuditAction::ALL.len());
}

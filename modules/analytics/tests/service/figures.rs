//! DOMAIN N1 to N4, on rows that the test inserts into the tables of accounting and tasks, because
//! a module may not use another one. The system tests check that the figures match a ledger that
//! accounting has written.

use analytics::Analytics;
use chrono::{DateTime, Utc};
use contracts::Role;
use harness::{ACCOUNTING_REPORT, TASKS_REPORT, TestDatabase};
use kernel::Ambient;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::request::get;

/// Three business days: one with a profit, one with a loss and reversals, and the open one, which
/// has one wallet below zero less than the day before.
const ACCOUNTING_ROWS: &str = "
    insert into accounting.settings (currency, currency_exponent, time_zone) values ('USD', 2, 'UTC');
    insert into accounting.pricing_policies
        (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor, created_at)
    values (1000, 2000, 2000, 4000, '2026-11-18T00:00:00Z');
    insert into accounting.days (business_day, opened_at, closed_at, wallets_below_zero) values
        ('2026-11-19', '2026-11-18T00:00:00Z', '2026-11-20T00:00:00Z', 1),
        ('2026-11-20', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', 3),
        ('2026-11-21', '2026-11-21T00:00:00Z', null, null);
    insert into accounting.day_totals
        (business_day, stripe, fees_minor, rewards_minor, reversed_fees_minor, reversed_rewards_minor, wallets_below_zero_change)
    values
        ('2026-11-19', 0, 2500, 1000, 0, 0, 1),
        ('2026-11-19', 1, 1500, 0, 0, 0, 0),
        ('2026-11-20', 0, 1000, 7000, 500, 200, 2),
        ('2026-11-21', 3, 1100, 0, 0, 0, -2),
        ('2026-11-21', 4, 0, 0, 0, 0, 1);
    insert into accounting.prices (task_id, title, reference, fee_minor, reward_minor, policy_version, priced_at) values
        ('00000000-0000-0000-0000-0000000000a1', 'Fix the door', 'POP-42', 1000, 3000, 1, '2026-11-18T00:00:00Z'),
        ('00000000-0000-0000-0000-0000000000a2', 'Vec<[u8]> “naïve”', null, 1000, 3000, 1, '2026-11-18T00:00:00Z');
    insert into accounting.top_tasks (completed_on, task_id, reward_minor, completed_at, completed_by) values
        ('2026-11-20', '00000000-0000-0000-0000-0000000000a2', 3000, '2026-11-20T10:00:00Z', '00000000-0000-0000-0000-000000000002'),
        ('2026-11-19', '00000000-0000-0000-0000-0000000000a1', 3000, '2026-11-19T10:00:00Z', '00000000-0000-0000-0000-000000000001');
";

/// One of the two people who have completed a task.
const PEOPLE_ROWS: &str = "
    insert into tasks.people (person_id, version, name, email, is_assignable)
    values ('00000000-0000-0000-0000-000000000001', 1, 'Zoë O''Neil', 'zoe@example.org', true);
";

/// The time of the test's clock.
const NOW: &str = "2026-11-21T15:00:00Z";

/// The module and its two databases.
struct Fixture {
    tracker: TestDatabase,
    accounting: TestDatabase,
    analytics: Analytics,
}

impl Fixture {
    async fn without_rows() -> Self {
        let (tracker, accounting) = (harness::tracker().await, harness::accounting().await);
        let ambient = Ambient::manual(NOW.parse::<DateTime<Utc>>().unwrap(), 1);
        let analytics =
            Analytics::new(tracker.report_pool(TASKS_REPORT), accounting.report_pool(ACCOUNTING_REPORT), ambient);
        Self { tracker, accounting, analytics }
    }

    async fn with_rows() -> Self {
        let fixture = Self::without_rows().await;
        fixture.accounting.connect().await.execute(ACCOUNTING_ROWS).await.unwrap();
        fixture.tracker.connect().await.execute(PEOPLE_ROWS).await.unwrap();
        fixture
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = get(&self.analytics, Role::Admin, &format!("/analytics/{path}")).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn money(amount_minor: i64) -> Value {
    json!({ "amount_minor": amount_minor, "currency": "USD" })
}

/// The task with a reference, completed by a known person.
fn door_task() -> Value {
    json!({
        "id": "00000000-0000-0000-0000-0000000000a1",
        "title": "Fix the door",
        "reference": "POP-42",
        "reward": money(3_000),
        "completed_at": "2026-11-19T10:00:00Z",
        "assignee": { "id": "00000000-0000-0000-0000-000000000001", "name": "Zoë O'Neil" },
    })
}

/// The task without a reference, completed by a person whom the tasks module does not know.
fn vec_task() -> Value {
    json!({
        "id": "00000000-0000-0000-0000-0000000000a2",
        "title": "Vec<[u8]> “naïve”",
        "reference": null,
        "reward": money(3_000),
        "completed_at": "2026-11-20T10:00:00Z",
        "assignee": { "id": "00000000-0000-0000-0000-000000000002", "name": null },
    })
}

#[actix_web::test]
async fn the_summary_is_of_the_open_day_and_has_its_time() {
    let fixture = Fixture::with_rows().await;
    let expected = json!({
        "date": "2026-11-21",
        "earned_today": money(1_100),
        "wallets_below_zero": 2,
        "top_task_today": null,
        "as_of": NOW,
    });
    assert_eq!(fixture.get("summary").await, expected);
}

#[actix_web::test]
async fn n1_the_earnings_of_a_range_are_fees_less_rewards_each_less_its_reversals() {
    let fixture = Fixture::with_rows().await;
    let expected = json!({
        "from": "2026-11-01",
        "to": "2026-11-20",
        "total": money(-3_300),
        "items": [
            { "date": "2026-11-19", "earned": money(3_000), "fees": money(4_000), "rewards": money(1_000),
              "reversed_fees": money(0), "reversed_rewards": money(0), "closed": true },
            { "date": "2026-11-20", "earned": money(-6_300), "fees": money(1_000), "rewards": money(7_000),
              "reversed_fees": money(500), "reversed_rewards": money(200), "closed": true },
        ],
        "next_cursor": null,
        "as_of": NOW,
    });
    assert_eq!(fixture.get("earnings?from=2026-11-01&to=2026-11-20").await, expected);
    let today = fixture.get("earnings?from=2026-11-21&to=2026-11-30").await;
    assert_eq!((&today["total"], &today["items"][0]["closed"]), (&money(1_100), &json!(false)));
    let before = fixture.get("earnings?from=2020-01-01&to=2020-01-31").await;
    assert_eq!((&before["total"], &before["items"]), (&money(0), &json!([])));
}

#[actix_web::test]
async fn n2_wallets_below_zero_are_counted_now_and_at_the_end_of_each_past_day() {
    let fixture = Fixture::with_rows().await;
    let expected = json!({
        "wallets_below_zero": 2,
        "items": [
            { "date": "2026-11-19", "wallets_below_zero": 1, "closed": true },
            { "date": "2026-11-20", "wallets_below_zero": 3, "closed": true },
            { "date": "2026-11-21", "wallets_below_zero": 2, "closed": false },
        ],
        "next_cursor": null,
        "as_of": NOW,
    });
    assert_eq!(fixture.get("wallets-below-zero?from=2026-11-19&to=2026-11-21").await, expected);
    let past = fixture.get("wallets-below-zero?from=2026-11-20&to=2026-11-20").await;
    assert_eq!((&past["wallets_below_zero"], past["items"].as_array().unwrap().len()), (&json!(2), 1));
}

#[actix_web::test]
async fn n3_the_top_task_of_a_range_is_the_earliest_of_equals_and_each_day_has_a_top_task() {
    let fixture = Fixture::with_rows().await;
    let days = json!([{ "date": "2026-11-19", "task": door_task() }, { "date": "2026-11-20", "task": vec_task() }]);
    for query in ["period=week&date=2026-11-22", "from=2026-11-16&to=2026-11-22"] {
        let answer = fixture.get(&format!("top-tasks?{query}")).await;
        let expected = json!({
            "from": "2026-11-16", "to": "2026-11-22", "top": door_task(), "items": days, "next_cursor": null, "as_of": NOW,
        });
        assert_eq!(answer, expected);
    }
    let month = fixture.get("top-tasks?period=month&date=2026-11-30").await;
    assert_eq!(
        (&month["from"], &month["to"], &month["top"]),
        (&json!("2026-11-01"), &json!("2026-11-30"), &door_task())
    );
    let day = fixture.get("top-tasks?period=day&date=2026-11-20").await;
    assert_eq!((&day["top"], day["items"].as_array().unwrap().len()), (&vec_task(), 1));
    let none = fixture.get("top-tasks?period=day&date=2026-11-21").await;
    assert_eq!((&none["top"], &none["items"]), (&Value::Null, &json!([])));
}

#[actix_web::test]
async fn every_request_is_a_503_before_accounting_has_started() {
    let fixture = Fixture::without_rows().await;
    for query in ["summary", "earnings?from=2026-11-01&to=2026-11-02", "top-tasks?period=day&date=2026-11-01"] {
        let (status, problem) = get(&fixture.analytics, Role::Admin, &format!("/analytics/{query}")).await;
        assert_eq!((status, &problem["code"]), (503, &json!("analytics.not_opened")), "{query}");
    }
}

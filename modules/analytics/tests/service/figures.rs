//! DOMAIN N1 to N4 on rows put where accounting and tasks keep theirs: a module may not use another one. That the figures tie to a
//! ledger that accounting wrote is for the system's tests.

use analytics::Analytics;
use chrono::{DateTime, Utc};
use contracts::Role;
use harness::{ACCOUNTING_REPORT, TASKS_REPORT, TestDatabase};
use kernel::Ambient;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::asking::ask;

/// Three business days: a good one, a bad one with a reversal, and the open one, on which one wallet less is in debt than the evening before.
const BOOKS: &str = "
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

const PEOPLE: &str = "
    insert into tasks.people (person_id, version, name, email, is_assignable)
    values ('00000000-0000-0000-0000-000000000001', 1, 'Zoë O''Neil', 'zoe@example.org', true);
";

const NOW: &str = "2026-11-21T15:00:00Z";

struct Company {
    tracker: TestDatabase,
    accounting: TestDatabase,
    analytics: Analytics,
}

impl Company {
    async fn without_books() -> Self {
        let (tracker, accounting) = (harness::tracker().await, harness::accounting().await);
        let ambient = Ambient::manual(NOW.parse::<DateTime<Utc>>().unwrap(), 1);
        let analytics =
            Analytics::new(tracker.report_pool(TASKS_REPORT), accounting.report_pool(ACCOUNTING_REPORT), ambient);
        Self { tracker, accounting, analytics }
    }

    async fn with_books() -> Self {
        let company = Self::without_books().await;
        company.accounting.connect().await.execute(BOOKS).await.unwrap();
        company.tracker.connect().await.execute(PEOPLE).await.unwrap();
        company
    }

    async fn asks(&self, question: &str) -> Value {
        let (status, answer) = ask(&self.analytics, Role::Admin, &format!("/analytics/{question}")).await;
        assert_eq!(status, 200, "{question}: {answer}");
        answer
    }
}

fn money(amount_minor: i64) -> Value {
    json!({ "amount_minor": amount_minor, "currency": "USD" })
}

fn door() -> Value {
    json!({
        "task_id": "00000000-0000-0000-0000-0000000000a1",
        "title": "Fix the door",
        "reference": "POP-42",
        "reward": money(3_000),
        "completed_at": "2026-11-19T10:00:00Z",
        "completed_by": { "id": "00000000-0000-0000-0000-000000000001", "name": "Zoë O'Neil" },
    })
}

/// Completed by somebody whom the tasks module does not know.
fn vec() -> Value {
    json!({
        "task_id": "00000000-0000-0000-0000-0000000000a2",
        "title": "Vec<[u8]> “naïve”",
        "reference": null,
        "reward": money(3_000),
        "completed_at": "2026-11-20T10:00:00Z",
        "completed_by": { "id": "00000000-0000-0000-0000-000000000002", "name": null },
    })
}

#[actix_web::test]
async fn the_summary_is_of_the_open_day_and_says_as_of_when() {
    let company = Company::with_books().await;
    let expected = json!({
        "business_day": "2026-11-21",
        "earned_today": money(1_100),
        "wallets_below_zero": 2,
        "top_task_today": null,
        "as_of": NOW,
    });
    assert_eq!(company.asks("summary").await, expected);
}

#[actix_web::test]
async fn n1_the_earnings_of_a_range_are_fees_less_rewards_each_less_what_was_reversed() {
    let company = Company::with_books().await;
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
    assert_eq!(company.asks("earnings?from=2026-11-01&to=2026-11-20").await, expected);
    let today = company.asks("earnings?from=2026-11-21&to=2026-11-30").await;
    assert_eq!((&today["total"], &today["items"][0]["closed"]), (&money(1_100), &json!(false)));
    let before = company.asks("earnings?from=2020-01-01&to=2020-01-31").await;
    assert_eq!((&before["total"], &before["items"]), (&money(0), &json!([])));
}

#[actix_web::test]
async fn n2_wallets_below_zero_are_counted_now_and_at_the_end_of_each_past_day() {
    let company = Company::with_books().await;
    let expected = json!({
        "now": 2,
        "items": [
            { "date": "2026-11-19", "wallets": 1, "closed": true },
            { "date": "2026-11-20", "wallets": 3, "closed": true },
            { "date": "2026-11-21", "wallets": 2, "closed": false },
        ],
        "next_cursor": null,
        "as_of": NOW,
    });
    assert_eq!(company.asks("wallets-below-zero?from=2026-11-19&to=2026-11-21").await, expected);
    let past = company.asks("wallets-below-zero?from=2026-11-20&to=2026-11-20").await;
    assert_eq!((&past["now"], past["items"].as_array().unwrap().len()), (&json!(2), 1));
}

#[actix_web::test]
async fn n3_the_top_task_of_a_range_is_the_earliest_of_equals_and_each_day_has_its_own() {
    let company = Company::with_books().await;
    let days = json!([{ "date": "2026-11-19", "task": door() }, { "date": "2026-11-20", "task": vec() }]);
    for question in ["period=week&date=2026-11-22", "from=2026-11-16&to=2026-11-22"] {
        let answer = company.asks(&format!("top-tasks?{question}")).await;
        let expected = json!({
            "from": "2026-11-16", "to": "2026-11-22", "top": door(), "items": days, "next_cursor": null, "as_of": NOW,
        });
        assert_eq!(answer, expected);
    }
    let month = company.asks("top-tasks?period=month&date=2026-11-30").await;
    assert_eq!((&month["from"], &month["to"], &month["top"]), (&json!("2026-11-01"), &json!("2026-11-30"), &door()));
    let day = company.asks("top-tasks?period=day&date=2026-11-20").await;
    assert_eq!((&day["top"], day["items"].as_array().unwrap().len()), (&vec(), 1));
    let none = company.asks("top-tasks?period=day&date=2026-11-21").await;
    assert_eq!((&none["top"], &none["items"]), (&Value::Null, &json!([])));
}

#[actix_web::test]
async fn before_the_books_are_opened_every_question_is_a_503() {
    let company = Company::without_books().await;
    for question in ["summary", "earnings?from=2026-11-01&to=2026-11-02", "top-tasks?period=day&date=2026-11-01"] {
        let (status, problem) = ask(&company.analytics, Role::Admin, &format!("/analytics/{question}")).await;
        assert_eq!((status, &problem["code"]), (503, &json!("analytics.not_opened")), "{question}");
    }
}

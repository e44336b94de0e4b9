//! Requests that are refused: by their role, by an unavailable database, by their parameters.

use analytics::Analytics;
use chrono::DateTime;
use contracts::Role;
use kernel::{Ambient, ReadPool};
use serde_json::Value;

use crate::request::get;

/// A module whose databases are unavailable.
fn without_databases() -> Analytics {
    let unavailable = || {
        let options = "postgres://nobody@127.0.0.1:1/none".parse().unwrap();
        ReadPool::new(options, 1, harness::TASKS_REPORT)
    };
    Analytics::new(unavailable(), unavailable(), Ambient::manual(DateTime::UNIX_EPOCH, 1))
}

/// One request for each endpoint.
const REQUESTS: [&str; 4] = [
    "/analytics/summary",
    "/analytics/earnings?from=2026-11-01&to=2026-11-30",
    "/analytics/wallets-below-zero?from=2026-11-01&to=2026-11-30",
    "/analytics/top-tasks?period=week&date=2026-11-21",
];

#[actix_web::test]
async fn only_admins_see_analytics() {
    for request in REQUESTS {
        for role in [Role::Worker, Role::Accountant, Role::Manager] {
            assert_eq!(get(&without_databases(), role, request).await.0, 403, "{request} as {role}");
        }
    }
}

#[actix_web::test]
async fn an_unavailable_database_is_a_503() {
    let (status, problem) = get(&without_databases(), Role::Admin, REQUESTS[0]).await;
    assert_eq!((status, &problem["code"]), (503, &Value::from("database_unavailable")));
}

#[actix_web::test]
async fn an_invalid_range_of_days_is_a_422_that_names_the_parameter() {
    for (query, pointer) in [
        ("earnings?from=2026-11-02&to=2026-11-01", "?to"),
        ("earnings?from=2000-01-01&to=2026-11-01", "?to"),
        ("earnings?from=2026-11-01", "?to"),
        ("wallets-below-zero?to=2026-11-01", "?from"),
        ("top-tasks?from=2026-11-21", "?to"),
        ("top-tasks?to=2026-11-21", "?from"),
        ("top-tasks?period=day&date=2026-11-21&from=2026-11-21&to=2026-11-21", "?period"),
        ("top-tasks?period=day&date=2026-11-21&to=2026-11-21", "?period"),
        ("top-tasks?from=2026-11-22&to=2026-11-21", "?to"),
    ] {
        let (status, problem) = get(&without_databases(), Role::Admin, &format!("/analytics/{query}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &Value::from(pointer)), "{query}: {problem}");
    }
}

#[actix_web::test]
async fn a_malformed_parameter_is_a_400_that_names_it() {
    for (query, pointer) in [
        ("summary?from=2026-11-01", "?from"),
        ("earnings?from=1969-12-31&to=2026-11-01", "?from"),
        ("wallets-below-zero?from=2026-11-01&to=%2B262142-12-31", "?to"),
        ("wallets-below-zero?from=-262143-01-01&to=2026-11-01", "?from"),
        ("top-tasks?period=month&date=9999-12-31", "?date"),
        ("earnings?from=2026-02-30&to=2026-11-01", "?from"),
        ("earnings?from=yesterday&to=2026-11-01", "?from"),
        ("earnings?from=2026-11-01&to=2026-11-01&currency=EUR", "?currency"),
        ("wallets-below-zero?from=2026-11-01&to=99999999999-01-01", "?to"),
        ("top-tasks?period=year&date=2026-11-21", "?period"),
        ("top-tasks?period=&date=2026-11-21", "?period"),
    ] {
        let (status, problem) = get(&without_databases(), Role::Admin, &format!("/analytics/{query}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &Value::from(pointer)), "{query}: {problem}");
    }
}

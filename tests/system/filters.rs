//! The filters and orders of every list.

use std::collections::BTreeSet;

use contracts::Role;
use harness::{Company, PASSWORD, System, minor};
use serde_json::{Value, json};

/// Three days with payouts, and open tasks.
async fn with_history() -> Company {
    let mut company = Company::new().await;
    for date in ["2026-11-03", "2026-11-04", "2026-11-05"] {
        for number in 0..3 {
            company.system.ambient.advance(chrono::Duration::minutes(1));
            let task = company.create(&format!("Work {number} of {date}")).await;
            company.complete(&task).await;
        }
        company.next_morning(date).await;
    }
    for number in 0..6 {
        company.system.ambient.advance(chrono::Duration::minutes(1));
        company.create(&format!("Open work {number}")).await;
    }
    company
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_of_tasks_is_limited_to_a_time_of_creation() {
    let company = with_history().await;
    let api = &company.worker.api;
    let all = api.read_all("/tasks", 200).await;
    let times: Vec<&str> = all.iter().map(|task| task["created_at"].as_str().unwrap()).collect();
    assert_eq!(times.iter().collect::<BTreeSet<_>>().len(), times.len(), "the clock moves between tasks");
    for (newest, oldest) in [(0_usize, 3), (2, 7), (5, 5), (0, times.len() - 1)] {
        let from = format!("created_from={}", times[oldest]);
        // The upper bound is exclusive.
        let before = newest.checked_sub(1).map(|newer| format!("created_before={}", times[newer]));
        let both = before.clone().map_or_else(|| from.clone(), |before| format!("{from}&{before}"));
        for (query, expected) in [(both.as_str(), &all[newest..=oldest]), (from.as_str(), &all[..=oldest])] {
            for limit in [1, 2, 200] {
                let shown = api.read_all(&format!("/tasks?{query}"), limit).await;
                assert_eq!(ids(&shown), ids(expected), "{query} in pages of {limit}");
            }
            let found = api.read_all(&format!("/tasks?q=work&{query}"), 2).await;
            assert_eq!(ids(&found), ids(expected), "{query} with a search");
            let open: Vec<Value> = expected.iter().filter(|task| task["status"] == "open").cloned().collect();
            let shown = api.read_all(&format!("/tasks?status=open&{query}"), 2).await;
            assert_eq!(ids(&shown), ids(&open), "{query} of open tasks");
        }
    }
    assert!(api.read_all("/tasks?created_from=2030-01-01T00:00:00Z", 2).await.is_empty());
    assert!(api.read_all("/tasks?created_before=2001-01-01T00:00:00Z", 2).await.is_empty());
    company.finish().await;
}

#[tokio::test]
async fn tasks_are_ordered_by_completion_or_by_reward() {
    let company = with_history().await;
    let api = &company.worker.api;
    let of_person = format!("/tasks?status=completed&assignee={}&sort=completed", company.accountant.id);
    for path in ["/tasks?status=completed&sort=completed", &of_person] {
        let shown = api.read_all(path, 200).await;
        let mut times: Vec<&str> = shown.iter().map(|task| task["completed_at"].as_str().unwrap()).collect();
        times.reverse();
        assert!(times.is_sorted(), "{path}: {times:?}");
        assert_eq!(api.read_all(path, 1).await, shown, "{path} in pages of one");
    }
    assert_eq!(api.read_all("/tasks?status=completed&sort=completed", 2).await.len(), 9, "three on each day");
    for person in [&company.worker, &company.accountant] {
        let path = format!("/tasks?status=open&assignee={}&sort=reward", person.id);
        let shown = api.read_all(&path, 200).await;
        let mut rewards: Vec<i64> = shown.iter().map(|task| minor(&task["price"]["reward"])).collect();
        rewards.reverse();
        assert!(rewards.is_sorted(), "{rewards:?}");
        assert_eq!(api.read_all(&path, 1).await, shown, "in pages of one");
        assert_eq!(person.api.read_all("/tasks?status=open&assignee=me&sort=reward", 2).await, shown);
    }
    for query in [
        "sort=completed",
        "sort=completed&status=open",
        "sort=reward",
        "sort=reward&status=open",
        "sort=reward&assignee=me",
        "sort=completed&status=completed&q=work",
        "sort=reward&status=open&assignee=me&created_from=2026-11-02T00:00:00Z",
    ] {
        let refused = api.get(&format!("/tasks?{query}")).await.expect_problem(422, "invalid_request");
        assert_eq!(refused.json["errors"][0]["pointer"], "?sort", "{query}");
    }
    company.finish().await;
}

#[tokio::test]
async fn people_and_wallets_are_ordered_by_name() {
    let company = Company::new().await;
    let admin = &company.admin.api;
    for (number, name) in ["wim", "Wim", "anna b", "Олег", "олег"].into_iter().enumerate() {
        let email = format!("worker{number}@example.org");
        let person = json!({ "email": email, "name": name, "role": Role::Worker, "password": PASSWORD });
        admin.post("/people", &person).await.expect_status(201);
    }
    company.system.settle().await;
    // Every person of the pool gets a task.
    while admin.read_all("/wallets", 200).await.len() < 7 {
        company.create("Sweep the floor").await;
        company.system.settle().await;
    }
    for (list, person) in [("/people", ""), ("/people?role=worker", ""), ("/wallets", "/person")] {
        let place = |item: &Value| {
            let text = |field: &str| item.pointer(&format!("{person}/{field}")).unwrap().as_str().unwrap().to_owned();
            (text("name").to_lowercase(), text("id"))
        };
        let mut expected = admin.read_all(list, 200).await;
        expected.sort_by_key(place);
        assert!(expected.len() >= 6 && !expected.is_sorted_by_key(|item| place(item).1), "{expected:?}");
        let sorted = format!("{list}{}sort=name", if list.contains('?') { '&' } else { '?' });
        for limit in [1, 2, 200] {
            assert_eq!(admin.read_all(&sorted, limit).await, expected, "{sorted} in pages of {limit}");
        }
    }
    company.finish().await;
}

#[tokio::test]
async fn the_lists_of_the_books_have_filters() {
    let company = with_history().await;
    let api = &company.accountant.api;
    let path = format!("/wallets/{}/transfers", company.worker.id);
    let all = api.read_all(&path, 200).await;
    let on = |from: &str, to: &str, item: &Value| {
        let date = item["date"].as_str().unwrap();
        (from..=to).contains(&date)
    };
    let (from, to) = ("2026-11-03", "2026-11-04");
    for kind in ["assignment_fee", "completion_reward", "payout", "correction"] {
        let expected: Vec<Value> = all.iter().filter(|transfer| transfer["kind"] == kind).cloned().collect();
        assert_eq!(api.read_all(&format!("{path}?kind={kind}"), 1).await, expected, "{kind}");
        let expected: Vec<Value> = expected.into_iter().filter(|transfer| on(from, to, transfer)).collect();
        assert_eq!(api.read_all(&format!("{path}?kind={kind}&from={from}&to={to}"), 1).await, expected, "{kind}");
    }
    let mine = company.worker.api.read_all("/wallets/me/transfers?kind=payout", 200).await;
    assert!(mine.iter().all(|transfer| transfer["kind"] == "payout"));

    let payouts = api.read_all("/payouts", 200).await;
    assert!(payouts.len() >= 3, "each day has a payout");
    let in_range: Vec<Value> = payouts.iter().filter(|payout| on(from, to, payout)).cloned().collect();
    assert_eq!(api.read_all(&format!("/payouts?from={from}&to={to}"), 1).await, in_range);
    for person in [&company.worker.id, &company.accountant.id] {
        let is_theirs = |payout: &&Value| payout["person"]["id"] == person.as_str();
        let expected: Vec<Value> = payouts.iter().filter(is_theirs).cloned().collect();
        assert_eq!(api.read_all(&format!("/payouts?person_id={person}"), 1).await, expected);
        let expected: Vec<Value> = in_range.iter().filter(is_theirs).cloned().collect();
        let range = format!("/payouts?person_id={person}&from={from}&to={to}");
        assert_eq!(api.read_all(&range, 1).await, expected);
    }
    for path in ["/days", "/earnings"] {
        let days = api.read_all(&format!("{path}?from={from}&to={to}"), 1).await;
        let dates: Vec<&str> = days.iter().map(|day| day["date"].as_str().unwrap()).collect();
        assert_eq!(dates, [to, from], "{path}");
    }
    assert_eq!(api.read_all("/earnings", 2).await.len(), 4, "the last thirty days, as far as they exist");

    let wallets = api.read_all("/wallets", 200).await;
    let below: Vec<Value> = wallets.iter().filter(|wallet| minor(&wallet["balance"]) < 0).cloned().collect();
    assert!(!below.is_empty() && below.len() < wallets.len());
    assert_eq!(api.read_all("/wallets?below_zero=true", 1).await, below);
    assert_eq!(api.read_all("/wallets?below_zero=false", 1).await, wallets);
    let found = api.read_all("/wallets?q=WI", 1).await;
    assert_eq!(found.iter().map(|wallet| &wallet["person"]["id"]).collect::<Vec<_>>(), [&json!(company.worker.id)]);
    company.finish().await;
}

#[tokio::test]
async fn the_lists_of_an_admin_have_filters() {
    let company = with_history().await;
    let admin = &company.admin.api;
    let all = admin.read_all("/admin/emails", 200).await;
    for person in [&company.worker.id, &company.accountant.id] {
        let expected: Vec<Value> = all.iter().filter(|mail| mail["person"]["id"] == person.as_str()).cloned().collect();
        for query in ["", "&kind=payout_statement", "&status=sent&kind=payout_statement"] {
            let shown = admin.read_all(&format!("/admin/emails?person_id={person}{query}"), 1).await;
            assert_eq!(ids(&shown), ids(&expected), "{query}");
        }
        assert!(admin.read_all(&format!("/admin/emails?person_id={person}&status=parked"), 1).await.is_empty());
    }
    assert_eq!(admin.read_all("/admin/emails?kind=payout_statement", 1).await.len(), all.len());
    assert!(admin.read_all("/admin/emails?kind=address_changed", 1).await.is_empty());

    admin.patch(&format!("/people/{}", company.worker.id), &json!({ "active": false })).await.expect_status(200);
    let left = admin.read_all("/people?active=false", 1).await;
    assert_eq!(ids(&left), std::slice::from_ref(&company.worker.id));
    assert_eq!(admin.read_all("/people?active=true", 1).await.len(), 3);
    assert_eq!(admin.read_all("/people?active=true&role=manager&q=ma", 1).await.len(), 1);

    company.system.settle().await;
    company.system.finish_runs(&company.manager).await;
    let runs = admin.read_all("/reassignments", 200).await;
    assert_eq!(ids(&admin.read_all("/reassignments?status=completed", 1).await), ids(&runs));
    assert!(admin.read_all("/reassignments?status=queued", 1).await.is_empty());
    admin.get("/reassignments?status=lost").await.expect_problem(400, "malformed_request");
    company.finish().await;
}

#[tokio::test]
async fn figures_need_no_parameters() {
    let company = with_history().await;
    let admin = &company.admin.api;
    let today = admin.read("/analytics/top-tasks").await;
    assert_eq!((&today["from"], &today["to"]), (&json!("2026-11-05"), &json!("2026-11-05")));
    assert_eq!(admin.read("/analytics/top-tasks?date=2026-11-03").await["from"], "2026-11-03");
    let week = admin.read("/analytics/top-tasks?period=week").await;
    assert_eq!((&week["from"], &week["to"]), (&json!("2026-11-02"), &json!("2026-11-08")));
    for path in ["/analytics/earnings", "/analytics/wallets-below-zero"] {
        let shown = admin.read(path).await;
        let dates: Vec<&str> =
            shown["items"].as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap()).collect();
        assert_eq!(dates, ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"], "{path}");
        admin.get(&format!("{path}?from=2026-11-02")).await.expect_problem(422, "invalid_request");
    }
    company.finish().await;
}

#[tokio::test]
async fn every_list_has_the_same_documented_page() {
    let company = Company::new().await;
    let document = company.system.api.read("/openapi.json").await;
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let of = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
        assert_eq!(of("cursor").is_some(), of("limit").is_some(), "{path}");
        let Some(limit) = of("limit") else { continue };
        lists += 1;
        let schema = &limit["schema"];
        let bounds = (&schema["minimum"], &schema["maximum"], &schema["default"]);
        assert_eq!(bounds, (&json!(1), &json!(200), &json!(50)), "{path}: {limit}");
    }
    assert_eq!(lists, 23, "the number of lists in pages");
    company.finish().await;
}

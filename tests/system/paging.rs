//! Lists in pages: every item once and in order, also while the list grows.

use std::collections::BTreeSet;

use harness::{Company, PASSWORD, System, page_path};
use serde_json::{Value, json};

/// The key of each item.
fn keys(items: &[Value]) -> Vec<String> {
    let key = |item: &Value| {
        let key = ["id", "date", "number"].iter().find_map(|name| item.get(*name));
        key.or_else(|| item["person"].get("id")).unwrap_or_else(|| panic!("a key in {item}")).to_string()
    };
    items.iter().map(key).collect()
}

/// Three days with payouts, then open tasks that are reassigned, so that every list has items.
async fn with_history() -> Company {
    let mut company = Company::new().await;
    for date in ["2026-11-03", "2026-11-04", "2026-11-05"] {
        let mut owed = 0;
        while owed == 0 {
            company.system.ambient.advance(chrono::Duration::minutes(1));
            let task = company.create("Paid work").await;
            company.complete(&task).await;
            owed = company.balance(&company.worker).await.max(company.balance(&company.accountant).await);
        }
        company.next_morning(date).await;
    }
    while company.worker.api.read_all("/wallets/me/transfers", 200).await.len() < 3 {
        company.create("Open work").await;
    }
    for _ in 0..3 {
        company.create("More open work").await;
        company.manager.api.post_nothing("/reassignments").await.expect_status(202);
    }
    company.system.finish_runs(&company.manager).await;
    company
}

#[tokio::test]
async fn every_list_has_the_same_items_once_and_in_the_same_order_for_every_page_size() {
    let company = with_history().await;
    let admin = &company.admin.api;
    let reassigned = admin.read_all("/tasks?status=open", 200).await.pop().unwrap();
    let history = format!("/tasks/{}/history", reassigned["id"].as_str().unwrap());
    let transfers = format!("/wallets/{}/transfers", company.worker.id);
    for name in ["One", "Two", "Three"] {
        let token = json!({ "name": name, "scopes": ["read"], "expires_at": "2026-11-20T00:00:00Z" });
        admin.post("/me/tokens", &token).await.expect_status(201);
        company.system.api.login(&company.admin.email, PASSWORD).await;
    }
    let tokens = format!("/people/{}/tokens", company.admin.id);
    company.system.settle().await;
    let lists = [
        "/tasks",
        "/tasks?status=open",
        "/tasks?q=open",
        "/people",
        "/people?sort=name",
        "/wallets",
        "/wallets?sort=name",
        "/reassignments",
        "/days",
        "/payouts",
        "/admin/emails",
        "/admin/audit",
        "/admin/audit?action=logged_in",
        "/sessions",
        "/me/tokens",
        &tokens,
        &transfers,
        &history,
    ];
    for list in lists {
        let whole = keys(&admin.read_all(list, 200).await);
        assert!(whole.len() >= 2, "{list} has only {} items", whole.len());
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len(), "{list} has an item twice");
        for limit in [1, 2, 3] {
            assert_eq!(keys(&admin.read_all(list, limit).await), whole, "{list} in pages of {limit}");
        }
    }
    let mine = company.worker.api.read_all("/wallets/me/transfers", 2).await;
    assert_eq!(keys(&mine), keys(&admin.read_all(&transfers, 200).await));
    company.finish().await;
}

#[tokio::test]
async fn a_list_that_grows_while_it_is_read_has_every_earlier_item_exactly_once() {
    let company = Company::new().await;
    for number in 0..7 {
        company.create(&format!("Task {number}")).await;
    }
    let expected = keys(&company.worker.api.read_all("/tasks", 200).await);
    let mut read = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = company.worker.api.read(&page_path("/tasks", '?', 2, cursor.as_deref())).await;
        read.extend(page["items"].as_array().unwrap().iter().cloned());
        company.worker.api.post("/tasks", &json!({ "title": "One more" })).await.expect_status(201);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(keys(&read), expected);
    company.finish().await;
}

#[tokio::test]
async fn each_filter_by_status_and_assignee_selects_exactly_the_matching_tasks() {
    let company = with_history().await;
    let api = &company.worker.api;
    let all = api.read_all("/tasks", 200).await;
    assert_eq!(all, api.read_all("/tasks?q=work", 200).await, "a search for a word in every title finds all tasks");
    let mut seen = 0;
    for status in ["open", "completed"] {
        for person in [&company.worker.id, &company.accountant.id] {
            let is_of_status = |task: &Value| task["status"] == status;
            let is_of_person = |task: &Value| task["assignee"]["id"] == person.as_str();
            let expected = |is_shown: &dyn Fn(&Value) -> bool| {
                all.iter().filter(|task| is_shown(task)).cloned().collect::<Vec<_>>()
            };
            let filters = [
                (format!("status={status}"), expected(&is_of_status)),
                (format!("assignee={person}"), expected(&is_of_person)),
                (
                    format!("status={status}&assignee={person}"),
                    expected(&|task| is_of_status(task) && is_of_person(task)),
                ),
            ];
            for (query, expected) in filters {
                seen += expected.len();
                for limit in [1, 200] {
                    let shown = api.read_all(&format!("/tasks?{query}"), limit).await;
                    assert_eq!(shown, expected, "{query} in pages of {limit}");
                }
            }
        }
    }
    // Each task is selected twice by status, twice by assignee, and once by both.
    assert_eq!(seen, all.len() * 5);
    assert!(["open", "completed"].iter().all(|status| all.iter().any(|task| task["status"] == *status)));
    company.finish().await;
}

#[tokio::test]
async fn the_longest_page_has_two_hundred_tasks_and_a_cursor_for_the_rest() {
    let company = Company::new().await;
    for number in 0..201 {
        company.manager.api.post("/tasks", &json!({ "title": format!("Task {number}") })).await.expect_status(201);
    }
    let page = company.worker.api.read("/tasks?limit=200").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 200);
    let rest = page_path("/tasks", '?', 200, page["next_cursor"].as_str());
    let rest = company.worker.api.read(&rest).await;
    assert_eq!((rest["items"][0]["title"].as_str(), &rest["next_cursor"]), (Some("Task 0"), &Value::Null));
    company.finish().await;
}

#[tokio::test]
async fn a_filter_by_assignee_status_or_text_selects_exactly_the_matching_tasks() {
    let company = Company::new().await;
    for title in ["[POP-42] Fix the door", "100% of_it", "Починить дверь"] {
        company.create(title).await;
    }
    let api = &company.worker.api;
    let titles = async |query: &str| {
        let tasks = api.read_all(&format!("/tasks?{query}"), 200).await;
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("q=DOOR").await, ["Fix the door"]);
    assert_eq!(titles("q=pop-42").await, ["Fix the door"]);
    assert_eq!(titles("q=%D0%9F%D0%9E%D0%A7%D0%98%D0%9D").await, ["Починить дверь"]);
    assert_eq!(titles("q=%25").await, ["100% of_it"], "the character is not a wildcard");
    assert_eq!(titles("q=_").await, ["100% of_it"], "the character is not a wildcard");
    assert!(titles("status=completed").await.is_empty());
    let mine = api.read_all("/tasks?assignee=me", 200).await;
    assert_eq!(mine, api.read_all(&format!("/tasks?assignee={}", company.worker.id), 200).await);
    let others = api.read_all(&format!("/tasks?assignee={}", company.accountant.id), 200).await;
    assert_eq!(mine.len() + others.len(), 3);
    company.finish().await;
}

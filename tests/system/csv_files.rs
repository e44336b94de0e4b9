//! Lists as CSV files: complete, safe in a spreadsheet, and never cut off without notice.

use harness::{Answer, Api, Company, System};
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use sqlx::Executor;

const CSV: &str = "text/csv";

/// The header and the rows of a file.
fn parse(answer: &Answer) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::ReaderBuilder::new().from_reader(answer.text.as_bytes());
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

async fn read_file(api: &Api, path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let file = api.get_as(path, CSV).await.expect_status(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8; header=present"), "{path}");
    let disposition = file.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"") && disposition.ends_with(".csv\""), "{disposition}");
    assert!(file.text.ends_with("\r\n"));
    parse(&file)
}

/// The values of a column.
fn column(file: &(Vec<String>, Vec<Vec<String>>), name: &str) -> Vec<String> {
    let place = file.0.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name} in {:?}", file.0));
    file.1.iter().map(|row| row[place].clone()).collect()
}

fn texts(items: &[Value], pointer: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    items.iter().map(|item| text(item.pointer(pointer).unwrap())).collect()
}

#[tokio::test]
async fn a_file_has_the_rows_of_the_list_over_all_pages_with_the_same_filters() {
    let mut company = Company::new().await;
    for number in 0..205 {
        company.manager.api.post("/tasks", &json!({ "title": format!("Task {number}") })).await.expect_status(201);
    }
    company.system.move_to("2026-11-03T09:00:00Z").await;
    company.next_morning("2026-11-04").await;
    let task = company.create("Paid").await;
    company.complete(&task).await;
    company.next_morning("2026-11-05").await;
    let admin = &company.admin.api;
    let transfers = format!("/wallets/{}/transfers", company.worker.id);
    for (path, key, pointer) in [
        ("/tasks", "id", "/id"),
        ("/tasks?status=open&q=task%201", "id", "/id"),
        (transfers.as_str(), "id", "/id"),
        (&format!("{transfers}?kind=assignment_fee"), "id", "/id"),
        ("/wallets", "person_id", "/person/id"),
        ("/wallets?below_zero=true", "person_id", "/person/id"),
        ("/payouts", "id", "/id"),
        ("/earnings", "date", "/date"),
        ("/admin/audit?action=person_created", "person_id", "/actor/person/id"),
        ("/admin/audit?actor=anonymous", "id", "/id"),
    ] {
        let items = admin.read_all(path, 200).await;
        assert_eq!(column(&read_file(admin, path).await, key), texts(&items, pointer), "{path}");
    }
    assert!(admin.read_all("/tasks", 200).await.len() > 200);
    let mine = company.worker.api.read_all("/wallets/me/transfers", 200).await;
    let file = read_file(&company.worker.api, "/wallets/me/transfers").await;
    assert_eq!(column(&file, "amount_minor"), texts(&mine, "/amount/amount_minor"));
    assert_eq!(column(&file, "booked_at"), texts(&mine, "/booked_at"));
    company.finish().await;
}

#[tokio::test]
async fn a_text_that_a_spreadsheet_would_execute_is_a_text_and_an_amount_stays_a_number() {
    let company = Company::new().await;
    let titles = ["=1+1", "+1", "-1", "@SUM(A1)", "a, \"b\"; c", "Починить дверь"];
    for title in titles {
        let task = json!({ "title": title, "description": "=1\nsecond line", "link": "https://example.org" });
        company.manager.api.post("/tasks", &task).await.expect_status(201);
    }
    company.system.settle().await;
    let tasks = read_file(&company.admin.api, "/tasks").await;
    let mut shown = column(&tasks, "title");
    shown.reverse();
    assert_eq!(shown, ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a, \"b\"; c", "Починить дверь"]);
    assert!(column(&tasks, "description").iter().all(|text| text == "'=1\nsecond line"));
    let wallets = read_file(&company.admin.api, "/wallets?below_zero=true").await;
    let balances = column(&wallets, "balance_minor");
    assert!(!balances.is_empty() && balances.iter().all(|balance| balance.parse::<i64>().unwrap() < 0), "{balances:?}");
    company.finish().await;
}

#[tokio::test]
async fn a_list_is_a_file_only_if_the_client_prefers_one_and_errors_are_problem_documents() {
    let company = Company::new().await;
    let admin = &company.admin.api;
    for accept in ["*/*", "text/csv, application/json", "text/csv;q=0.5, application/json", "text/*;q=0.1, */*"] {
        admin.get_as("/tasks", accept).await.expect_status(200).json["items"].as_array().unwrap();
    }
    for accept in ["text/csv", "text/*", "application/json;q=0.5, text/csv", "*/*;q=0.1, text/csv"] {
        let file = admin.get_as("/tasks", accept).await.expect_status(200);
        assert!(file.text.starts_with("id,status,title,"), "{}", file.text);
    }
    for path in ["/people", "/days", "/admin/emails", "/reassignments", "/me"] {
        admin.get_as(path, CSV).await.expect_problem(406, "not_acceptable");
    }
    company.worker.api.get_as("/wallets", CSV).await.expect_problem(403, "forbidden");
    company.system.api.get_as("/wallets", CSV).await.expect_problem(401, "not_authenticated");
    for (path, pointer) in
        [("/tasks?limit=10", "?limit"), ("/tasks?cursor=x", "?cursor"), ("/tasks?colour=1", "?colour")]
    {
        let refused = admin.get_as(path, CSV).await.expect_problem(400, "malformed_request");
        assert_eq!(refused.json["errors"][0]["pointer"], pointer);
    }
    admin.get_as("/payouts?from=2026-11-03&to=2026-11-02", CSV).await.expect_problem(422, "invalid_request");
    company.finish().await;
}

/// The view behind the wallets fails at the wallet of the highest id, which is on the second page.
const BREAK: &str = "
    insert into accounting.wallets (person_id)
    select ('ffffffff-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid
    from generate_series(1, 250) as number;
    alter view accounting.shown_wallets rename to intact_wallets;
    create view accounting.shown_wallets as
    select person_id, name, balance_minor,
        today_minor / (case when person_id = 'ffffffff-0000-7000-8000-000000000250' then 0 else 1 end) as today_minor
    from accounting.intact_wallets;
    grant select on accounting.shown_wallets to public";
const REPAIR: &str = "
    drop view accounting.shown_wallets;
    alter view accounting.intact_wallets rename to shown_wallets;
    delete from accounting.wallets where person_id > 'ffffffff-0000-7000-8000-000000000000'";

#[tokio::test]
async fn a_file_whose_second_page_cannot_be_read_does_not_look_complete() {
    let company = Company::new().await;
    let mut database = company.system.environment.accounting.connect().await;
    sqlx::raw_sql(BREAK).execute(&mut database).await.unwrap();
    let response = company.admin.api.request(Method::GET, "/wallets").header(ACCEPT, CSV).send().await.unwrap();
    assert_eq!(response.status(), 200, "the first page can be read");
    assert!(response.text().await.is_err(), "the body ends before its last chunk");
    // The same failure on the first page is an answer of its own.
    let failed = company.admin.api.get_as("/wallets?q=nobody", CSV).await.expect_status(200);
    assert_eq!(failed.text, "person_id,name,balance_minor,today_minor,currency\r\n");
    database.execute("delete from accounting.wallets where person_id < 'ffffffff-0000-7000-8000-000000000200' and person_id > 'ffffffff-0000-7000-8000-000000000000'").await.unwrap();
    company.admin.api.get_as("/wallets", CSV).await.expect_problem(500, "internal_error");
    sqlx::raw_sql(REPAIR).execute(&mut database).await.unwrap();
    company.finish().await;
}

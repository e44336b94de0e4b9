//! The scenario of a company's first two business days, for any [`System`].
//!
//! The suite `system` runs it on one process, the suite `services` on four.

use chrono::NaiveDate;
use contracts::Role;
use futures_util::StreamExt;
use mail_parser::MessageParser;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, complete_path, minor, send};
use super::company::Company;
use super::document::{self, Sent};
use super::ledger::Ledger;
use super::system::{PASSWORD, Person, System, login};
use crate::eventually;

/// What a person enters as a title, the reference found in it, and the title that is stored.
const TITLES: [(&str, Option<&str>, &str); 5] = [
    ("[POP-42] - Fix the “front” door \"now\"", Some("POP-42"), "Fix the “front” door \"now\""),
    ("Return Vec<u8> & <b>not</b> Vec<[u8]>", None, "Return Vec<u8> & <b>not</b> Vec<[u8]>"),
    ("Починить «дверь»", None, "Починить «дверь»"),
    ("[netstack3] ARP: it's 100% =?UTF-8?Q?odd?=", None, "[netstack3] ARP: it's 100% =?UTF-8?Q?odd?="),
    ("  [A1-7] 李娜's \\ task ", Some("A1-7"), "李娜's \\ task"),
];

/// The first day, from a system without people until the payouts are mailed.
///
/// Returns the company, a worker whose wallet is below zero, and the day.
pub async fn run_first_day<S: System>(system: S) -> (Company<S>, Person, NaiveDate) {
    let (company, debtor) = hire(system).await;
    let day = company.open_day().await;
    let tasks = create_until_each_worker_has_one(&company, &debtor).await;
    only_the_assignee_completes_a_task(&company, &debtor, &tasks).await;
    earn_until_balance_is_positive(&company).await;
    reassign_all_open_tasks(&company).await;
    earn_until_balance_is_positive(&company).await;
    each_balance_is_the_sum_of_its_transfers(&company, &debtor).await;

    let before = [company.balance(&company.worker).await, company.balance(&debtor).await];
    company.system.close_first_day(&company.accountant).await;
    a7_the_close_pays_each_positive_balance(&company, &debtor, day, before).await;
    a7_the_mail_lists_the_transfers_of_the_day(&company, day).await;
    (company, debtor, day)
}

/// The open second day: a correction reverses a transfer, and the closed day does not change.
pub async fn run_next_day(company: &Company<impl System>, debtor: &Person, first: NaiveDate) {
    let path = format!("/days/{first}");
    let closed = company.admin.api.read(&path).await;
    a9_a_correction_reverses_a_transfer(company, debtor, first.succ_opt().unwrap()).await;
    assert_eq!(company.admin.api.read(&path).await, closed, "a8: a closed day never changes");
    a_statement_explains_each_day(company, debtor, first).await;
}

async fn hire<S: System>(system: S) -> (Company<S>, Person) {
    let token = system.first_admin_token().await;
    let api = system.api();
    let ada = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let id = api.post("/auth/set-password", &ada).await.expect_status(200).id();
    api.post("/auth/set-password", &ada).await.expect_problem(409, "identity.link_used");
    let admin = login(&api, &id, "ada@example.org", "Ada").await;
    let me = admin.api.read("/me").await;
    let named = ["id", "email", "name", "role"].map(|field| me[field].as_str().unwrap());
    assert_eq!(named, [&*id, "ada@example.org", "Ada", "admin"]);
    // The pool is empty.
    admin.api.post("/tasks", &json!({ "title": "Too early" })).await.expect_problem(409, "tasks.nobody_assignable");

    let company = Company::hire_by(system, admin).await;
    let debtor = company.system.hire(&company.admin, Role::Worker, "Dora").await;
    let wallet = debtor.api.read("/wallets/me").await;
    assert_eq!((minor(&wallet["balance"]), minor(&wallet["today"])), (0, 0), "a1: a person has a wallet at once");
    (company, debtor)
}

async fn create(company: &Company<impl System>, by: &Api, place: usize) -> Value {
    let (typed, reference, title) = TITLES[place % TITLES.len()];
    company.system.advance_clock();
    let created = by.post("/tasks", &json!({ "title": typed })).await.expect_status(201);
    assert_eq!(created.json["title"], title);
    assert_eq!(created.json["reference"].as_str(), reference, "t3");
    assert_eq!(created.json["status"], "open");
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/tasks/{}", created.id()));
    company.system.settle().await;
    let task = send(by.request_outside(Method::GET, &location)).await.expect_status(200).json;
    let (fee, reward) = (minor(&task["price"]["fee"]), minor(&task["price"]["reward"]));
    assert!((1_000..=2_000).contains(&fee) && fee % 100 == 0, "a2: {task}");
    assert!((2_000..=4_000).contains(&reward) && reward % 100 == 0, "a2: {task}");
    task
}

/// Whether the task is assigned to the person.
fn has(person: &Person, task: &Value) -> bool {
    task["assignee"]["id"] == *person.id
}

async fn create_until_each_worker_has_one(company: &Company<impl System>, debtor: &Person) -> Vec<Value> {
    let mut tasks = Vec::new();
    let creators = [&company.worker, &company.accountant, &company.manager, &company.admin];
    while tasks.len() < TITLES.len()
        || [&company.worker, debtor].iter().any(|person| !tasks.iter().any(|task| has(person, task)))
    {
        tasks.push(create(company, &creators[tasks.len() % creators.len()].api, tasks.len()).await);
    }
    tasks
}

async fn only_the_assignee_completes_a_task(company: &Company<impl System>, debtor: &Person, tasks: &[Value]) {
    let task = tasks.iter().find(|task| has(&company.worker, task)).unwrap();
    for stranger in [debtor, &company.manager, &company.admin] {
        let refused = stranger.api.post_nothing(&complete_path(task)).await;
        refused.expect_problem(403, "tasks.never_assigned");
    }
    let completed = company.worker.api.post_nothing(&complete_path(task)).await.expect_status(200).json;
    assert_eq!((&completed["status"], &completed["id"]), (&json!("completed"), &task["id"]));
    let again = company.worker.api.post_nothing(&complete_path(task)).await;
    assert_eq!(again.expect_status(200).json, completed, "t5: the same answer again");
    company.system.settle().await;
}

/// The worker completes all own tasks. More tasks are created until the balance is positive.
async fn earn_until_balance_is_positive(company: &Company<impl System>) {
    for place in 0.. {
        for task in company.worker.api.read_all("/tasks?status=open&assignee=me", 50).await {
            company.worker.api.post_nothing(&complete_path(&task)).await.expect_status(200);
        }
        company.system.settle().await;
        if company.balance(&company.worker).await > 0 {
            return;
        }
        create(company, &company.admin.api, place).await;
    }
}

async fn reassign_all_open_tasks(company: &Company<impl System>) {
    let manager = &company.manager.api;
    let open = manager.read_all("/tasks?status=open", 3).await;
    let cost: i64 = open.iter().map(|task| minor(&task["price"]["fee"])).sum();
    let preview = manager.read("/reassignments/preview").await;
    assert_eq!((&preview["open_tasks"], minor(&preview["cost"])), (&json!(open.len()), cost));
    let earned = |summary: &Value| minor(&summary["earned_today"]);
    let earned_before = earned(&company.admin.api.read("/analytics/summary").await);

    let accepted = manager.post("/reassignments", &json!({})).await.expect_status(202);
    let location = accepted.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/reassignments/{}", accepted.id()));
    let stream = manager.request_outside(Method::GET, &format!("{location}/events")).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let events = read_events(&format!("{location}/events"), stream).await;
    let last = events.last().unwrap();
    assert_eq!(
        (&last["status"], &last["done"], &last["total"]),
        (&json!("completed"), &json!(open.len()), &last["done"])
    );
    let run = send(manager.request_outside(Method::GET, &location)).await.expect_status(200).json;
    assert_eq!(&run, last, "the last event is the state of the run");
    assert_eq!(run["requested_by"]["id"], *company.manager.id);

    company.system.settle().await;
    assert_eq!(
        earned(&company.admin.api.read("/analytics/summary").await),
        earned_before + cost,
        "the cost of the preview is charged"
    );
    for task in &open {
        let history = manager.read(&format!("/tasks/{}/history", task["id"].as_str().unwrap())).await;
        let numbers: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["number"]).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(history["items"][1]["reassignment_id"], run["id"]);
    }
}

/// The events of a stream until the server ends it.
async fn read_events(path: &str, stream: reqwest::Response) -> Vec<Value> {
    let mut text = String::new();
    let mut chunks = stream.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let sent = Sent { method: "GET", path, status: 200, content_type: Some("text/event-stream"), text: &text };
    document::check(&sent).unwrap();
    let data =
        |event: &str| event.strip_prefix("event: progress\ndata: ").map(|data| serde_json::from_str(data).unwrap());
    text.split_terminator("\n\n")
        .map(|event| data(event).unwrap_or_else(|| panic!("not a progress event: {event}")))
        .collect()
}

async fn each_balance_is_the_sum_of_its_transfers(company: &Company<impl System>, debtor: &Person) {
    let ledger = Ledger::read(&company.accountant.api).await;
    for person in [&company.worker, debtor, &company.accountant] {
        let wallet = person.api.read("/wallets/me").await;
        let sum: i64 = ledger.of_person(&person.id).map(|line| line.amount).sum();
        assert_eq!((minor(&wallet["balance"]), minor(&wallet["today"])), (sum, sum), "{}", person.name);
        let mine = person.api.read_all("/wallets/me/transfers", 3).await;
        assert_eq!(mine.len(), ledger.of_person(&person.id).count());
    }
    for task in company.admin.api.read_all("/tasks", 200).await {
        let id = task["id"].as_str().unwrap();
        let fees = ledger.of_task(id, "assignment_fee");
        assert_eq!(task["assignments"], fees.len(), "a3: each assignment is charged");
        assert!(fees.iter().all(|line| line.amount == -minor(&task["price"]["fee"])), "{task}");
        let rewards = ledger.of_task(id, "completion_reward");
        assert_eq!(rewards.len(), usize::from(task["status"] == "completed"));
        assert!(rewards.iter().all(|line| task["assignee"]["id"] == *line.person), "a4: {task}");
    }
}

async fn a7_the_close_pays_each_positive_balance(
    company: &Company<impl System>,
    debtor: &Person,
    day: NaiveDate,
    [owed, debt]: [i64; 2],
) {
    assert!(owed > 0 && debt < 0, "{owed} {debt}");
    assert_eq!(company.balance(&company.worker).await, 0);
    assert_eq!(company.balance(debtor).await, debt, "a5: a debt is carried over");
    let payouts = company.accountant.api.read_all("/payouts", 1).await;
    let of = |person: &Person| payouts.iter().filter(|line| line["person"]["id"] == *person.id).collect::<Vec<_>>();
    assert_eq!(of(&company.worker).len(), 1);
    assert_eq!(minor(&of(&company.worker)[0]["amount"]), -owed);
    assert!(of(debtor).is_empty());
    let latest = &company.worker.api.read("/wallets/me/transfers?limit=1").await["items"][0];
    assert_eq!((&latest["kind"], &latest["date"]), (&json!("payout"), &json!(day)));
    let shown = company.accountant.api.read(&format!("/days/{day}")).await;
    assert_eq!(shown["payouts"], payouts.len());
    let refused = company.accountant.api.post_nothing(&format!("/days/{day}/close")).await;
    refused.expect_problem(409, "accounting.day_already_closed");
}

/// Each payout causes one mail. The worker's mail has the amount, and each transfer with its title.
async fn a7_the_mail_lists_the_transfers_of_the_day(company: &Company<impl System>, day: NaiveDate) {
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    let mails = eventually("every payout is mailed", async || {
        let mails = company.admin.api.read_all("/admin/emails", 200).await;
        (mails.len() == payouts.len() && mails.iter().all(|mail| mail["status"] == "sent")).then_some(mails)
    })
    .await;
    let files: Vec<_> = std::fs::read_dir(company.system.mail_directory()).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), mails.len(), "e2: one mail a payout");
    let mine = |file: &&std::fs::DirEntry| file.file_name().to_string_lossy().contains(&company.worker.id);
    let file = files.iter().find(mine).unwrap();
    assert!(file.path().extension().is_some_and(|extension| extension == "eml"));
    let bytes = std::fs::read(file.path()).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("wim@example.org"));

    let statement = company.worker.api.read(&format!("/wallets/me/statements/{day}")).await;
    let amount = format!("{}.00 USD", minor(&statement["paid"]) / 100);
    assert!(message.subject().unwrap().contains(&amount), "{:?}", message.subject());
    let text = message.body_text(0).unwrap().replace("\r\n", "\n");
    let lines: Vec<_> = statement["items"].as_array().unwrap().iter().filter(|line| line["kind"] != "payout").collect();
    assert!(!lines.is_empty() && text.contains(&amount), "{text}");
    for line in lines {
        let (title, whole) = (line["task"]["title"].as_str().unwrap(), minor(&line["amount"]) / 100);
        let amount = format!("{whole:+}.00");
        let is_listed = |row: &str| row.contains(&amount) && row.ends_with(&format!("for “{title}”"));
        assert!(text.lines().any(is_listed), "{amount} for {title} is not in {text}");
    }
}

/// The correction is booked into the open day.
async fn a9_a_correction_reverses_a_transfer(company: &Company<impl System>, debtor: &Person, today: NaiveDate) {
    let lines = debtor.api.read_all("/wallets/me/transfers", 200).await;
    let fee = lines.iter().find(|line| line["kind"] == "assignment_fee").unwrap();
    let body = json!({ "transfer_id": fee["id"], "reason": "The office was «closed»" });
    let before = company.balance(debtor).await;
    let correction = company.accountant.api.post("/corrections", &body).await.expect_status(201).json;
    assert_eq!((&correction["reverses"], &correction["reason"]), (&fee["id"], &body["reason"]));
    assert_eq!(minor(&correction["amount"]), -minor(&fee["amount"]));
    assert_eq!(company.balance(debtor).await, before - minor(&fee["amount"]));
    company.accountant.api.post("/corrections", &body).await.expect_problem(409, "accounting.already_reversed");
    let payout = &company.accountant.api.read("/payouts?limit=1").await["items"][0];
    for line in [&payout["id"], &correction["id"]] {
        let body = json!({ "transfer_id": line, "reason": "No" });
        company.accountant.api.post("/corrections", &body).await.expect_problem(409, "accounting.not_reversible");
    }
    let earned = company.accountant.api.read(&format!("/earnings?from={today}&to={today}")).await;
    assert_eq!(minor(&earned["items"][0]["earned"]), minor(&fee["amount"]), "a6: a reversed fee reduces the earnings");
}

async fn a_statement_explains_each_day(company: &Company<impl System>, debtor: &Person, first: NaiveDate) {
    for person in [&company.worker, debtor] {
        let mut carried = 0;
        for date in [first, first.succ_opt().unwrap()] {
            let statement = person.api.read(&format!("/wallets/me/statements/{date}")).await;
            assert_eq!(minor(&statement["opening_balance"]), carried);
            let paid = if statement["paid"].is_null() { 0 } else { minor(&statement["paid"]) };
            carried += minor(&statement["earned"]) - paid;
            assert_eq!(minor(&statement["closing_balance"]), carried);
            let lines = statement["items"].as_array().unwrap();
            let sum: i64 = lines.iter().map(|line| minor(&line["amount"])).sum();
            assert_eq!(sum, minor(&statement["earned"]) - paid, "{statement}");
        }
        assert_eq!(carried, company.balance(person).await);
    }
    let before_all = company.worker.api.get(&format!("/wallets/me/statements/{}", first.pred_opt().unwrap())).await;
    before_all.expect_problem(404, "accounting.day_not_found");
}

//! What happens in the story, act by act, on any stage.

use chrono::NaiveDate;
use contracts::Role;
use futures_util::StreamExt;
use mail_parser::MessageParser;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, minor, send};
use crate::ledger::Ledger;
use crate::stage::{Cast, PASSWORD, Person, Stage, complete_path};

const TITLES: [(&str, Option<&str>, &str); 5] = [
    ("[POP-42] - Fix the “front” door \"now\"", Some("POP-42"), "Fix the “front” door \"now\""),
    ("Return Vec<u8> & <b>not</b> Vec<[u8]>", None, "Return Vec<u8> & <b>not</b> Vec<[u8]>"),
    ("Починить «дверь»", None, "Починить «дверь»"),
    ("[netstack3] ARP: it's 100% =?UTF-8?Q?odd?=", None, "[netstack3] ARP: it's 100% =?UTF-8?Q?odd?="),
    ("  [A1-7] 李娜's \\ task ", Some("A1-7"), "李娜's \\ task"),
];

/// The first day of a company, from an empty system until it is paid and mailed; returns who is in debt, and the day.
pub async fn the_first_day<S: Stage>(world: S) -> (Cast<S>, Person, NaiveDate) {
    let (company, debtor) = hire(world).await;
    let day = company.open_day().await;
    let tasks = create_until_everybody_has_one(&company, &debtor).await;
    complete_as_its_assignee_only(&company, &debtor, &tasks).await;
    earn_until_positive(&company).await;
    reassign_everything(&company).await;
    earn_until_positive(&company).await;
    wallets_tie_to_their_lines(&company, &debtor).await;

    let before = [company.balance(&company.worker).await, company.balance(&debtor).await];
    company.world.end_the_day(&company.accountant).await;
    a7_the_day_paid_what_was_owed(&company, &debtor, day, before).await;
    a7_the_mail_tells_the_day(&company, day).await;
    (company, debtor, day)
}

/// The day after, which is open: a mistake is mended, and what was closed stays as it is.
pub async fn the_next_day(company: &Cast<impl Stage>, debtor: &Person, first: NaiveDate) {
    let path = format!("/days/{first}");
    let closed = company.admin.api.read(&path).await;
    a9_a_mistake_is_mended_by_a_reversal(company, debtor, first.succ_opt().unwrap()).await;
    assert_eq!(company.admin.api.read(&path).await, closed, "a8: a closed day never changes");
    a_statement_says_how_a_day_went(company, debtor, first).await;
}

async fn hire<S: Stage>(world: S) -> (Cast<S>, Person) {
    let token = world.first_admin_token().await;
    let api = world.api();
    let ada = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let id = api.post("/auth/set-password", &ada).await.expect_status(200).id();
    api.post("/auth/set-password", &ada).await.expect_problem(409, "identity.link_used");
    let admin = world.log_in(&id, "ada@example.org", "Ada").await;
    let me = admin.api.read("/me").await;
    assert_eq!(me, json!({ "id": id, "email": "ada@example.org", "name": "Ada", "role": "admin" }));
    // Nobody can be drawn yet.
    admin.api.post("/tasks", &json!({ "title": "Too early" })).await.expect_problem(409, "tasks.nobody_assignable");

    let cast = Cast::hire(world, admin).await;
    let debtor = cast.world.hire(&cast.admin, Role::Worker, "Dora").await;
    let wallet = debtor.api.read("/wallets/me").await;
    assert_eq!((minor(&wallet["balance"]), minor(&wallet["today"])), (0, 0), "a1: from the first moment");
    (cast, debtor)
}

async fn create(company: &Cast<impl Stage>, by: &Api, place: usize) -> Value {
    let (typed, reference, title) = TITLES[place % TITLES.len()];
    company.world.pass_time();
    let created = by.post("/tasks", &json!({ "title": typed })).await.expect_status(201);
    assert_eq!(created.json["title"], title);
    assert_eq!(created.json["reference"].as_str(), reference, "t3");
    assert_eq!(created.json["status"], "open");
    let location = created.header("location").unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/tasks/{}", created.id()));
    company.world.settle().await;
    let task = send(by.request_outside(Method::GET, &location)).await.expect_status(200).json;
    let (fee, reward) = (minor(&task["price"]["fee"]), minor(&task["price"]["reward"]));
    assert!((1_000..=2_000).contains(&fee) && fee % 100 == 0, "a2: {task}");
    assert!((2_000..=4_000).contains(&reward) && reward % 100 == 0, "a2: {task}");
    task
}

fn has(person: &Person, task: &Value) -> bool {
    task["assignee"]["id"] == *person.id
}

async fn create_until_everybody_has_one(company: &Cast<impl Stage>, debtor: &Person) -> Vec<Value> {
    let mut tasks = Vec::new();
    let creators = [&company.worker, &company.accountant, &company.manager, &company.admin];
    while tasks.len() < TITLES.len()
        || [&company.worker, debtor].iter().any(|person| !tasks.iter().any(|task| has(person, task)))
    {
        tasks.push(create(company, &creators[tasks.len() % creators.len()].api, tasks.len()).await);
    }
    tasks
}

async fn complete_as_its_assignee_only(company: &Cast<impl Stage>, debtor: &Person, tasks: &[Value]) {
    let task = tasks.iter().find(|task| has(&company.worker, task)).unwrap();
    for stranger in [debtor, &company.manager, &company.admin] {
        let refused = stranger.api.post_nothing(&complete_path(task)).await;
        refused.expect_problem(403, "tasks.never_assigned");
    }
    let completed = company.worker.api.post_nothing(&complete_path(task)).await.expect_status(200).json;
    assert_eq!((&completed["status"], &completed["id"]), (&json!("completed"), &task["id"]));
    let again = company.worker.api.post_nothing(&complete_path(task)).await;
    let again = again.expect_problem(409, "tasks.already_completed");
    assert_eq!(again.json["current"]["status"], "completed");
    assert_eq!(again.json["current"]["completed_at"], completed["completed_at"]);
    company.world.settle().await;
}

/// The worker completes everything of theirs; more is created until that comes to more than nothing.
async fn earn_until_positive(company: &Cast<impl Stage>) {
    for place in 0.. {
        for task in company.worker.api.read_all("/tasks?status=open&assignee=me", 50).await {
            company.worker.api.post_nothing(&complete_path(&task)).await.expect_status(200);
        }
        company.world.settle().await;
        if company.balance(&company.worker).await > 0 {
            return;
        }
        create(company, &company.admin.api, place).await;
    }
}

async fn reassign_everything(company: &Cast<impl Stage>) {
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
    let events = read_events(stream).await;
    let last = events.last().unwrap();
    assert_eq!(
        (&last["status"], &last["done"], &last["total"]),
        (&json!("completed"), &json!(open.len()), &last["done"])
    );
    let run = send(manager.request_outside(Method::GET, &location)).await.expect_status(200).json;
    assert_eq!(&run, last, "the stream ended with what is");
    assert_eq!(run["requested_by"], *company.manager.id);

    company.world.settle().await;
    assert_eq!(
        earned(&company.admin.api.read("/analytics/summary").await),
        earned_before + cost,
        "as the preview said"
    );
    for task in &open {
        let history = manager.read(&format!("/tasks/{}/history", task["id"].as_str().unwrap())).await;
        let numbers: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["number"]).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(history["items"][1]["reassignment_id"], run["id"]);
    }
}

/// The stream's events until it ends by itself.
async fn read_events(stream: reqwest::Response) -> Vec<Value> {
    let mut text = String::new();
    let mut chunks = stream.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let data =
        |event: &str| event.strip_prefix("event: progress\ndata: ").map(|data| serde_json::from_str(data).unwrap());
    text.split_terminator("\n\n").map(|event| data(event).unwrap_or_else(|| panic!("not an event: {event}"))).collect()
}

async fn wallets_tie_to_their_lines(company: &Cast<impl Stage>, debtor: &Person) {
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

async fn a7_the_day_paid_what_was_owed(
    company: &Cast<impl Stage>,
    debtor: &Person,
    day: NaiveDate,
    [owed, debt]: [i64; 2],
) {
    assert!(owed > 0 && debt < 0, "{owed} {debt}");
    assert_eq!(company.balance(&company.worker).await, 0);
    assert_eq!(company.balance(debtor).await, debt, "a5: debt is carried");
    let payouts = company.accountant.api.read_all("/payouts", 1).await;
    let of = |person: &Person| payouts.iter().filter(|line| line["person"]["id"] == *person.id).collect::<Vec<_>>();
    assert_eq!(of(&company.worker).len(), 1);
    assert_eq!(minor(&of(&company.worker)[0]["amount"]), -owed);
    assert!(of(debtor).is_empty());
    let latest = &company.worker.api.read("/wallets/me/transfers?limit=1").await["items"][0];
    assert_eq!((&latest["kind"], &latest["business_day"]), (&json!("payout"), &json!(day)));
    let shown = company.accountant.api.read(&format!("/days/{day}")).await;
    assert_eq!(shown["payouts"], payouts.len());
    let refused = company.accountant.api.post_nothing(&format!("/days/{day}/close")).await;
    refused.expect_problem(409, "accounting.day_already_closed");
}

/// Each payout is one mail, and the worker's has the amount and every line of the day with its title.
async fn a7_the_mail_tells_the_day(company: &Cast<impl Stage>, day: NaiveDate) {
    let payouts = company.accountant.api.read_all("/payouts", 200).await;
    let mails = harness::eventually("every payout is mailed", async || {
        let mails = company.admin.api.read_all("/admin/emails", 200).await;
        (mails.len() == payouts.len() && mails.iter().all(|mail| mail["state"] == "sent")).then_some(mails)
    })
    .await;
    let files: Vec<_> = std::fs::read_dir(company.world.mail_folder()).unwrap().map(|file| file.unwrap()).collect();
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
        let told = format!("{whole:+}.00");
        let is_told = |row: &str| row.contains(&told) && row.ends_with(&format!("for “{title}”"));
        assert!(text.lines().any(is_told), "{told} for {title} is not in {text}");
    }
}

/// Booked into the day that is open now.
async fn a9_a_mistake_is_mended_by_a_reversal(company: &Cast<impl Stage>, debtor: &Person, today: NaiveDate) {
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
    assert_eq!(minor(&earned["items"][0]["earned"]), minor(&fee["amount"]), "a6: less what was reversed that day");
}

async fn a_statement_says_how_a_day_went(company: &Cast<impl Stage>, debtor: &Person, first: NaiveDate) {
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

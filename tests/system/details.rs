//! What pages show beside the plain resources: the company, names, counts, costs, pools, days of a
//! wallet, what was booked for a task, and codes of invalid fields.

use harness::{Company, System, minor};
use serde_json::{Value, json};

/// A person as answers name them.
fn person(person: &harness::Person) -> Value {
    json!({ "id": person.id, "name": person.name })
}

#[tokio::test]
async fn everybody_reads_what_the_company_has_in_common() {
    let company = Company::new().await;
    let answer = company.worker.api.get("/company").await.expect_status(200);
    let version = answer.header("x-piecework-version").unwrap();
    let expected = json!({
        "currency": "USD", "currency_exponent": 2, "time_zone": "UTC", "business_day": "2026-11-02",
        "languages": ["en", "ru"], "version": version,
    });
    assert_eq!(answer.json, expected);
    company.system.move_to("2026-11-03T00:00:05Z").await;
    assert_eq!(company.worker.api.read("/company").await["business_day"], "2026-11-03");
    company.finish().await;
}

#[tokio::test]
async fn the_numbers_of_a_menu_are_those_of_the_lists() {
    let company = Company::new().await;
    let none = json!({ "my_open_tasks": 0, "open_tasks": 0, "unfinished_reassignments": 0 });
    assert_eq!(company.worker.api.read("/me/summary").await, none);
    for number in 0..4 {
        company.create(&format!("Task {number}")).await;
    }
    for caller in [&company.worker, &company.accountant, &company.manager] {
        let summary = caller.api.read("/me/summary").await;
        let mine = caller.api.read_all("/tasks?status=open&assignee=me", 200).await;
        assert_eq!((&summary["my_open_tasks"], &summary["open_tasks"]), (&json!(mine.len()), &json!(4)));
    }
    company.manager.api.post("/reassignments", &json!({})).await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    assert_eq!(company.manager.api.read("/me/summary").await["unfinished_reassignments"], 0);
    let mails = company.admin.api.read("/admin/emails/summary").await;
    let queued = company.admin.api.read_all("/admin/emails?status=queued", 200).await.len();
    assert_eq!(mails, json!({ "queued": queued, "parked": 0 }));
    company.finish().await;
}

#[tokio::test]
async fn an_invalid_field_has_a_code_and_the_values_of_its_text() {
    let company = Company::new().await;
    let (worker, admin) = (&company.worker.api, &company.admin.api);
    let errors = async |api: &harness::Api, path: &str, body: Value| {
        let errors = api.post(path, &body).await.json["errors"].as_array().unwrap().clone();
        let shown = errors.into_iter().map(|error| json!([error["pointer"], error["code"], error["parameters"]]));
        shown.collect::<Vec<_>>()
    };
    let task = json!({ "title": " ", "reference": "pop", "link": "ftp://a", "description": "a".repeat(10_001) });
    let expected = [
        json!(["/title", "blank", {}]),
        json!(["/reference", "reference", {}]),
        json!(["/description", "too_long", { "max": 10_000, "actual": 10_001 }]),
        json!(["/link", "link", { "max": 2_000 }]),
    ];
    assert_eq!(errors(worker, "/tasks", task).await, expected);
    let differs = json!({ "title": "[POP-1] Fix", "reference": "POP-2" });
    let expected = [json!(["/reference", "reference_differs", { "in_title": "POP-1", "reference": "POP-2" }])];
    assert_eq!(errors(worker, "/tasks", differs).await, expected);
    let person =
        json!({ "email": "a", "name": "A\u{202e}b", "role": "worker", "language": "tlh", "password": "short" });
    let expected = [
        json!(["/email", "email_malformed", {}]),
        json!(["/name", "hidden_character", { "character": "U+202E", "position": 2 }]),
        json!(["/language", "not_one_of", { "allowed": ["en", "ru"] }]),
        json!(["/password", "password_length", { "min": 8, "max": 1_024 }]),
    ];
    assert_eq!(errors(admin, "/people", person).await, expected);
    assert_eq!(errors(worker, "/tasks", json!({})).await, [json!(["", "required", {}])]);
    assert_eq!(errors(worker, "/tasks", json!({ "title": "a", "x": 1 })).await, [json!(["/x", "unknown", {}])]);
    let range = company.accountant.api.get("/days?from=2026-11-02&to=2026-11-01").await.expect_status(422);
    assert_eq!(range.json["errors"][0]["code"], "range_reversed");
    company.finish().await;
}

#[tokio::test]
async fn a_task_has_its_ledger_lines_and_a_corrected_one_names_the_correction() {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    let path = format!("/tasks/{}/transfers", task["id"].as_str().unwrap());
    company.complete(&task).await;
    let reward = company.worker.api.read(&path).await["items"][1]["id"].clone();
    let correction = json!({ "transfer_id": reward, "reason": "not done" });
    let correction = company.accountant.api.post("/corrections", &correction).await.expect_status(201).id();

    let lines = company.worker.api.read_all(&path, 2).await;
    let shown: Vec<_> = lines.iter().map(|line| (line["kind"].as_str().unwrap(), minor(&line["amount"]))).collect();
    let (fee, earned) = (minor(&task["price"]["fee"]), minor(&task["price"]["reward"]));
    assert_eq!(shown, [("assignment_fee", -fee), ("completion_reward", earned), ("correction", -earned)]);
    let assignee = person(company.assignee(&task));
    for line in &lines {
        assert_eq!(line["person"], assignee);
        // Everybody sees the lines, so they do not say what the person owns.
        assert!(line.get("balance_after").is_none() && line.get("reason").is_none(), "{line}");
    }
    assert_eq!((&lines[1]["reversed_by"], &lines[2]["reverses"]), (&json!(correction), &reward));
    assert_eq!((&lines[0]["reversed_by"], &lines[2]["reversed_by"]), (&Value::Null, &Value::Null));
    let reversed = company.accountant.api.read(&format!("/transfers/{}", reward.as_str().unwrap())).await;
    assert_eq!(reversed["reversed_by"], *correction);
    let unknown = company.worker.api.read("/tasks/00000000-0000-7000-8000-000000000000/transfers").await;
    assert_eq!(unknown["items"], json!([]));
    company.finish().await;
}

#[tokio::test]
async fn a_person_who_did_something_is_named() {
    let company = Company::new().await;
    let created = company.worker.api.post("/tasks", &json!({ "title": "Mine" })).await.expect_status(201).json;
    assert_eq!(created["created_by"], person(&company.worker));
    company.system.settle().await;
    let path = format!("/tasks/{}", created["id"].as_str().unwrap());
    let task = company.manager.api.read(&path).await;
    for listed in ["/tasks", "/tasks?status=open", "/tasks?q=mine"] {
        assert_eq!(company.manager.api.read(listed).await["items"][0]["created_by"], person(&company.worker));
    }
    let requested = company.manager.api.post("/reassignments", &json!({})).await.expect_status(202).json;
    assert_eq!((&requested["requested_by"], &requested["person"]), (&person(&company.manager), &Value::Null));
    company.system.finish_runs(&company.manager).await;

    let task = company.manager.api.read(&format!("/tasks/{}", task["id"].as_str().unwrap())).await;
    company.complete(&task).await;
    let history = company.worker.api.read(&format!("{path}/history")).await;
    assert_eq!(history["created_by"], person(&company.worker));
    assert_eq!(history["completion"]["completed_by"], person(company.assignee(&task)));
    let closed = company.accountant.api.post_nothing("/days/2026-11-02/close").await.expect_status(200).json;
    assert_eq!(closed["closed_by"], person(&company.accountant));
    assert_eq!(company.admin.api.read("/days/2026-11-02").await["closed_by"], person(&company.accountant));
    company.finish().await;
}

/// A draw as DOMAIN T8 describes it, for a client that checks it.
fn draw(seed: i64, index: u64, size: u128) -> usize {
    let mut state = seed.cast_unsigned().wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(index + 1));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((u128::from(state ^ (state >> 31)) * size) >> 64).unwrap()
}

#[tokio::test]
async fn a_draw_is_explained_by_its_fee_and_its_pool() {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    let path = format!("/tasks/{}/history", task["id"].as_str().unwrap());
    let assignment = company.worker.api.read(&path).await["items"][0].clone();
    assert_eq!(assignment["fee"], task["price"]["fee"]);
    let pool_path = format!("/pools/{}", assignment["draw"]["pool_id"]);
    let pool = company.worker.api.read(&pool_path).await;
    assert_eq!((&pool["size"], &pool["id"]), (&json!(2), &assignment["draw"]["pool_id"]));
    let members = company.worker.api.read_all(&pool_path, 1).await;
    assert_eq!(json!(members), pool["items"], "the same in pages of one");
    assert_eq!(members.iter().map(|member| &member["place"]).collect::<Vec<_>>(), [0, 1]);
    let (seed, index) = (&assignment["draw"]["seed"], assignment["draw"]["index"].as_u64().unwrap());
    let place = draw(seed.as_str().unwrap().parse().unwrap(), index, 2);
    assert_eq!(members[place]["person"], assignment["assignee"]);
    company.worker.api.get("/pools/0").await.expect_problem(404, "tasks.pool_not_found");
    company.finish().await;
}

#[tokio::test]
async fn a_run_says_what_it_has_cost() {
    let company = Company::new().await;
    for number in 0..3 {
        company.create(&format!("Task {number}")).await;
    }
    let preview = company.manager.api.read("/reassignments/preview").await;
    let run = company.manager.api.post("/reassignments", &json!({})).await.expect_status(202).json;
    assert_eq!(minor(&run["cost"]), 0);
    company.system.finish_runs(&company.manager).await;
    let path = format!("/reassignments/{}", run["id"].as_str().unwrap());
    assert_eq!(company.manager.api.read(&path).await["cost"], preview["cost"]);
    company.finish().await;
}

#[tokio::test]
async fn the_days_of_a_wallet_have_the_totals_of_their_statements() {
    let mut company = Company::new().await;
    let first = company.create("On Monday").await;
    company.complete(&first).await;
    company.next_morning("2026-11-04").await;
    for number in 0..3 {
        company.create(&format!("On Wednesday {number}")).await;
    }
    for of in [&company.worker, &company.accountant] {
        let days = of.api.read_all("/wallets/me/statements", 1).await;
        let lines = of.api.read_all("/wallets/me/transfers", 200).await;
        for day in &days {
            let date = day["date"].as_str().unwrap();
            let mut statement = of.api.read(&format!("/wallets/me/statements/{date}")).await;
            let of_day = lines.iter().filter(|line| line["date"] == date).count();
            let fields = statement.as_object_mut().unwrap();
            fields.remove("items");
            fields.remove("next_cursor");
            fields.insert("lines".to_owned(), json!(of_day));
            assert_eq!(*day, statement);
        }
        let mut dates: Vec<&str> = lines.iter().map(|line| line["date"].as_str().unwrap()).collect();
        dates.dedup();
        assert_eq!(days.iter().map(|day| day["date"].as_str().unwrap()).collect::<Vec<_>>(), dates);
        let books = company.accountant.api.read(&format!("/wallets/{}/statements", of.id)).await;
        assert_eq!(books["items"], json!(days));
        let one = of.api.read("/wallets/me/statements?from=2026-11-03&to=2026-11-04").await;
        assert!(one["items"].as_array().unwrap().iter().all(|day| day["date"] == "2026-11-04"), "{one}");
    }
    company.finish().await;
}

#[tokio::test]
async fn the_preview_of_a_close_names_the_people_and_what_each_would_get() {
    let company = Company::new().await;
    for number in 0..6 {
        let task = company.create(&format!("Task {number}")).await;
        company.complete(&task).await;
    }
    let mut expected = Vec::new();
    for of in [&company.worker, &company.accountant] {
        let wallet = of.api.read("/wallets/me").await;
        if minor(&wallet["balance"]) > 0 {
            expected.push(json!({ "person": person(of), "amount": wallet["balance"] }));
        }
    }
    expected.sort_by_key(|item| item["person"]["id"].to_string());
    let accountant = &company.accountant.api;
    let preview = accountant.read("/days/2026-11-02/preview").await;
    assert_eq!((&preview["items"], &preview["payouts"]), (&json!(expected), &json!(expected.len())));
    assert_eq!(accountant.read_all("/days/2026-11-02/preview", 1).await, expected);
    company.finish().await;
}

#[tokio::test]
async fn a_list_of_tasks_has_no_descriptions() {
    let company = Company::new().await;
    let task = json!({ "title": "Fix the door", "description": "It squeaks." });
    let id = company.manager.api.post("/tasks", &task).await.expect_status(201).id();
    company.system.settle().await;
    let mut one = company.worker.api.read(&format!("/tasks/{id}")).await;
    assert_eq!(one.as_object_mut().unwrap().remove("description"), Some(json!("It squeaks.")));
    assert_eq!(company.worker.api.read("/tasks").await["items"], json!([one]), "everything else is in the list");
    company.finish().await;
}

#[tokio::test]
async fn the_figures_of_a_day_have_their_rows() {
    let company = Company::new().await;
    for number in 0..3 {
        let task = company.create(&format!("Task {number}")).await;
        company.complete(&task).await;
    }
    let accountant = &company.accountant.api;
    let rows = accountant.read_all("/transfers?date=2026-11-02", 2).await;
    assert_eq!(json!(accountant.read_all("/transfers", 200).await), json!(rows), "the open day is the default");
    let earned: i64 = rows.iter().map(|row| -minor(&row["amount"])).sum();
    let summary = company.admin.api.read("/analytics/summary").await;
    assert_eq!(minor(&summary["earned_today"]), earned);
    let fees = accountant.read_all("/transfers?kind=assignment_fee", 200).await;
    assert_eq!((rows.len(), fees.len()), (6, 3));
    assert_eq!(accountant.read("/transfers?date=2026-11-01").await["items"], json!([]));
    company.worker.api.get("/transfers").await.expect_problem(403, "forbidden");
    company.finish().await;
}

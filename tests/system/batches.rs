//! Several tasks in one request: all are created or none, and each completion has an outcome.

use harness::{Company, System};
use reqwest::Method;
use serde_json::{Value, json};

/// Maximum size of the body of `POST /tasks/batch`.
const BODY_LIMIT_BYTES: usize = 2 * 1024 * 1024;

#[tokio::test]
async fn a_batch_creates_all_tasks_in_its_order_or_none() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let wrong = json!({ "tasks": [{ "title": "Fine" }, { "title": "" }, { "title": "a\u{7}", "link": "ftp://a" }] });
    let refused = worker.post("/tasks/batch", &wrong).await.expect_problem(422, "invalid_request");
    let pointers: Vec<&Value> =
        refused.json["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/tasks/1/title", "/tasks/2/title", "/tasks/2/link"]);
    let unknown = json!({ "tasks": [{ "title": "Fine", "owner": "me" }] });
    let unknown = worker.post("/tasks/batch", &unknown).await.expect_problem(400, "malformed_request");
    assert_eq!(unknown.json["errors"][0]["pointer"], "/tasks/0/owner");
    for count in [0, 501] {
        let tasks = vec![json!({ "title": "Fix" }); count];
        let refused = worker.post("/tasks/batch", &json!({ "tasks": tasks })).await;
        assert_eq!(refused.expect_problem(422, "invalid_request").json["errors"][0]["pointer"], "/tasks", "{count}");
    }
    assert_eq!(worker.read_all("/tasks", 200).await, Vec::<Value>::new());

    let titles: Vec<String> = (0..500).map(|number| format!("Task {number}")).collect();
    let tasks: Vec<Value> =
        titles.iter().map(|title| json!({ "title": title, "description": "x".repeat(1_000) })).collect();
    let created = worker.post("/tasks/batch", &json!({ "tasks": tasks })).await.expect_status(201);
    let created = created.json["items"].as_array().unwrap().clone();
    assert_eq!(created.iter().map(|task| task["title"].as_str().unwrap()).collect::<Vec<_>>(), titles);
    assert!(created.iter().all(|task| task["created_by"]["id"] == *company.worker.id && task["status"] == "open"));
    let of_worker = created.iter().filter(|task| task["assignee"]["id"] == *company.worker.id).count();
    assert!((150..350).contains(&of_worker), "each task has a draw of its own: {of_worker}");
    company.system.settle().await;
    let listed = worker.read_all("/tasks", 200).await;
    assert_eq!(listed.len(), 500);
    assert!(listed.iter().all(|task| task["price"].is_object() && task["assignments"] == 1));
    company.finish().await;
}

#[tokio::test]
async fn only_the_body_of_a_batch_may_be_longer_than_64_kib() {
    let company = Company::new().await;
    let worker = &company.worker.api;
    let padded = |length: usize| {
        let body = br#"{"tasks":[{"title":"Fix"}]}"#;
        [body.as_slice(), &vec![b' '; length - body.len()]].concat()
    };
    worker.send_bytes(Method::POST, "/tasks/batch", padded(BODY_LIMIT_BYTES)).await.expect_status(201);
    let keyed = worker.request(Method::POST, "/tasks/batch").header("Idempotency-Key", "key");
    let keyed = keyed.header("Content-Type", "application/json").body(padded(BODY_LIMIT_BYTES));
    harness::send(keyed).await.expect_status(201);
    let refused = worker.send_bytes(Method::POST, "/tasks/batch", padded(BODY_LIMIT_BYTES + 1)).await;
    let refused = refused.expect_problem(413, "body_too_large");
    assert!(refused.json["detail"].as_str().unwrap().contains(&BODY_LIMIT_BYTES.to_string()), "{refused:?}");
    let other = worker.send_bytes(Method::POST, "/tasks/complete-batch", padded(64 * 1024 + 1)).await;
    other.expect_problem(413, "body_too_large");
    company.finish().await;
}

#[tokio::test]
async fn a_batch_of_people_adds_all_new_ones_or_nobody_and_a_dry_run_says_what_it_would_add() {
    let company = Company::new().await;
    let admin = &company.admin.api;
    let person = |email: &str, name: &str| json!({ "email": email, "name": name, "role": "worker" });
    let before = admin.read_all("/people", 200).await.len();
    let wrong = [person("a@example.org", "A"), person("b@", "B"), person("c@example.org", " ")];
    let refused = admin.post("/people/batch", &json!({ "people": wrong })).await;
    let refused = refused.expect_problem(422, "invalid_request").json;
    let errors: Vec<(&Value, &Value)> =
        refused["errors"].as_array().unwrap().iter().map(|error| (&error["pointer"], &error["code"])).collect();
    assert_eq!(
        errors,
        [(&json!("/people/1/email"), &json!("email_malformed")), (&json!("/people/2/name"), &json!("blank"))]
    );
    let role = json!({ "people": [{ "email": "a@example.org", "name": "A", "role": "boss" }] });
    let role = admin.post("/people/batch", &role).await.expect_problem(400, "malformed_request");
    assert_eq!(role.json["errors"][0]["pointer"], "/people/0/role");
    for count in [0, 501] {
        let people = vec![person("a@example.org", "A"); count];
        let refused = admin.post("/people/batch", &json!({ "people": people })).await;
        assert_eq!(refused.expect_problem(422, "invalid_request").json["errors"][0]["pointer"], "/people", "{count}");
    }

    let twice = [person("a@example.org", "A"), person("b@example.org", "B"), person("A@Example.org", "Again")];
    let refused = admin.post("/people/batch", &json!({ "people": twice })).await.expect_problem(422, "invalid_request");
    assert_eq!(refused.json["errors"].as_array().unwrap().len(), 1, "{refused:?}");
    assert_eq!(refused.json["errors"][0]["pointer"], "/people/2/email");

    // Somebody who is known under another name, a new person, and the same person once more.
    let me = admin.read("/me").await;
    let known = me["email"].as_str().unwrap();
    let people = [person(known, "Known"), person("a@example.org", "A"), person("A@Example.org", "A")];
    let kept = json!([{ "index": 0, "name": me["name"], "role": "admin" }]);
    let expected = json!({ "added": 1, "skipped": 2, "kept": kept });
    let dry = admin.post("/people/batch", &json!({ "people": people, "dry_run": true, "invite": true })).await;
    assert_eq!(dry.expect_status(200).json, expected);
    assert_eq!(admin.read_all("/people", 200).await.len(), before);
    let added = admin.post("/people/batch", &json!({ "people": people, "invite": true })).await;
    assert_eq!(added.expect_status(200).json, expected);
    let all = admin.read_all("/people", 200).await;
    assert_eq!(all.len(), before + 1);
    company.system.settle().await;
    let new = all.iter().find(|person| person["email"] == "a@example.org").unwrap();
    let mails = admin.read_all(&format!("/admin/emails?person_id={}", new["id"].as_str().unwrap()), 200).await;
    assert_eq!(mails.iter().map(|mail| &mail["kind"]).collect::<Vec<_>>(), [&json!("invitation")]);
    company.finish().await;
}

#[tokio::test]
async fn t5_a_batch_of_completions_has_the_answer_of_each_completion() {
    let company = Company::new().await;
    let mut tasks = Vec::new();
    let has = |tasks: &[Value], id: &str, count: usize| {
        tasks.iter().filter(|task: &&Value| task["assignee"]["id"] == *id).count() >= count
    };
    while !has(&tasks, &company.worker.id, 3) || !has(&tasks, &company.accountant.id, 2) {
        tasks.push(company.create("Any task").await);
    }
    let of = |id: &str| tasks.iter().filter(|task| task["assignee"]["id"] == *id).collect::<Vec<_>>();
    let (mine, theirs) = (of(&company.worker.id), of(&company.accountant.id));
    company.complete(mine[0]).await;
    company.complete(theirs[0]).await;
    let unknown = json!("00000000-0000-7000-8000-000000000000");
    let ids =
        [&mine[0]["id"], &mine[1]["id"], &theirs[0]["id"], &theirs[1]["id"], &unknown, &mine[2]["id"], &mine[1]["id"]];
    let body = json!({ "task_ids": ids });
    let answer = company.worker.api.post("/tasks/complete-batch", &body).await.expect_status(200);
    let items = answer.json["items"].as_array().unwrap();
    let statuses: Vec<u64> = items.iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 403, 403, 404, 200, 200]);
    for (item, id) in items.iter().zip(ids) {
        assert_eq!(item["task_id"], *id);
        if item["status"] == 200 {
            assert_eq!((&item["task"]["id"], &item["task"]["status"]), (id, &json!("completed")), "{item}");
        } else {
            let alone = company.worker.api.post_nothing(&format!("/tasks/{}/complete", id.as_str().unwrap())).await;
            for field in ["status", "code", "detail", "title", "type"] {
                assert_eq!(item["problem"][field], alone.json[field], "{item}");
            }
        }
    }
    assert_eq!(items[1], items[6], "the same task twice");
    company.system.settle().await;
    let lines = company.worker.api.read_all("/wallets/me/transfers", 200).await;
    assert_eq!(lines.iter().filter(|line| line["kind"] == "completion_reward").count(), 3);
    for count in [0, 501] {
        let body = json!({ "task_ids": vec![&unknown; count] });
        let refused = company.worker.api.post("/tasks/complete-batch", &body).await;
        assert_eq!(refused.expect_problem(422, "invalid_request").json["errors"][0]["pointer"], "/task_ids");
    }
    company.finish().await;
}

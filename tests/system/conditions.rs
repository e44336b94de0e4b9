//! Conditional requests: the ETag of every resource and list, 304, and `If-Match`.

use harness::{Answer, Api, Company, System, page_path, send};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::permissions::operations;

async fn get_unless(api: &Api, path: &str, etag: &str) -> Answer {
    send(api.request(Method::GET, path).header(IF_NONE_MATCH, etag)).await
}

/// Paths of resources that exist.
async fn resources(company: &Company) -> Vec<String> {
    let task = company.create("Fix the door").await;
    company.complete(&task).await;
    let run = company.manager.api.post_nothing("/reassignments").await.expect_status(202).id();
    company.system.finish_runs(&company.manager).await;
    let (task, person) = (task["id"].as_str().unwrap(), &company.worker.id);
    let transfers = company.admin.api.read_all("/wallets/me/transfers", 200).await;
    assert!(transfers.is_empty(), "an admin has no tasks");
    let owner = company.admin.api.read(&format!("/tasks/{task}")).await["assignee"]["id"].clone();
    let transfers = company.admin.api.read(&format!("/wallets/{}/transfers", owner.as_str().unwrap())).await;
    let transfer = transfers["items"][0]["id"].as_str().unwrap().to_owned();
    let history = company.admin.api.read(&format!("/tasks/{task}/history")).await;
    let pool = &history["items"][0]["draw"]["pool_id"];
    vec![
        format!("/tasks/{task}"),
        format!("/tasks/{task}/history"),
        format!("/tasks/{task}/transfers"),
        format!("/pools/{pool}"),
        format!("/people/{person}"),
        format!("/people/{person}/tokens"),
        format!("/wallets/{person}"),
        format!("/wallets/{person}/transfers"),
        format!("/wallets/{person}/statements"),
        format!("/transfers/{transfer}"),
        format!("/reassignments/{run}"),
        "/days/2026-11-02".to_owned(),
        "/days/2026-11-02/preview".to_owned(),
        "/wallets/me/statements/2026-11-02".to_owned(),
        "/admin/modules/tasks".to_owned(),
        "/admin/modules/tasks/parked-events".to_owned(),
    ]
}

#[tokio::test]
async fn every_resource_and_list_has_an_etag_and_a_client_that_knows_it_gets_304() {
    let company = Company::new().await;
    let mut paths = resources(&company).await;
    let operations = operations(&company.system.api).await;
    let in_json = |details: &Value| details["responses"]["200"]["content"].get("application/json").is_some();
    let reads = operations.iter().filter(|operation| operation.method == Method::GET && in_json(&operation.details));
    let reads: Vec<&str> = reads.map(|operation| operation.path.as_str()).collect();
    let with_parameters = reads.iter().filter(|path| path.contains('{')).count();
    assert_eq!(with_parameters, paths.len(), "a path in `resources` for each of {reads:?}");
    paths.extend(reads.iter().filter(|path| !path.contains('{')).map(|path| (*path).to_owned()));
    for path in &paths {
        let api = &company.admin.api;
        let first = api.get(path).await.expect_status(200);
        let etag = first.header("etag").unwrap_or_else(|| panic!("{path} has no ETag")).to_owned();
        assert_eq!(first.header("vary"), Some("Accept, Accept-Encoding, Authorization, Cookie"), "{path}");
        let own_policy = if path == "/openapi.json" { "no-cache" } else { "private, no-cache" };
        assert_eq!(first.header("cache-control"), Some(own_policy), "{path}");
        for known in [etag.clone(), format!("\"x\", {etag}"), "*".to_owned()] {
            let second = get_unless(api, path, &known).await.expect_status(304);
            assert_eq!((second.text.as_str(), second.header("content-type")), ("", None), "{path}");
            for name in ["etag", "vary", "cache-control"] {
                assert_eq!(second.header(name), first.header(name), "{name} of {path}");
            }
            assert!(second.header("x-content-type-options").is_some());
        }
        let other = get_unless(api, path, "\"x\", W/\"y\"").await.expect_status(200);
        assert_eq!(other.text, first.text, "{path}");
        assert_eq!(get_unless(api, path, "no tag").await.status, 200, "{path}");
        let head = send(api.request(Method::HEAD, path).header(IF_NONE_MATCH, &etag)).await;
        assert_eq!((head.status, head.header("etag")), (304, Some(etag.as_str())), "{path}");
    }
    company.finish().await;
}

#[tokio::test]
async fn an_etag_changes_with_the_answer_and_errors_streams_and_secrets_have_none() {
    let company = Company::new().await;
    let task = company.create("Fix the door").await;
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let api = &company.admin.api;
    let open = api.get(&path).await.header("etag").unwrap().to_owned();
    let list = api.get("/tasks").await.header("etag").unwrap().to_owned();
    assert!(open.starts_with("W/\"") && list.starts_with("W/\""));
    company.complete(&task).await;
    for (path, old) in [(path.as_str(), &open), ("/tasks", &list)] {
        let changed = get_unless(api, path, old).await.expect_status(200);
        assert_ne!(changed.header("etag"), Some(old.as_str()));
    }
    let missing = api.get(&format!("/tasks/{}", company.worker.id)).await.expect_status(404);
    assert_eq!((missing.header("etag"), missing.header("cache-control")), (None, Some("no-store")));
    let file = api.get_as("/tasks", "text/csv").await.expect_status(200);
    assert_eq!((file.header("etag"), file.header("cache-control")), (None, Some("no-store")));
    let new = json!({ "email": "new@example.org", "name": "New", "role": "worker" });
    let secret = api.post("/people", &new).await.expect_status(201);
    assert_eq!(secret.header("cache-control"), Some("no-store"));
    company.finish().await;
}

#[tokio::test]
async fn a_weak_etag_is_the_same_in_each_encoding_and_a_strong_one_has_one_encoding() {
    let company = Company::new().await;
    for number in 0..20 {
        company.create(&format!("Task {number}")).await;
    }
    let api = &company.admin.api;
    let plain = api.get("/tasks").await;
    let request = api.request(Method::GET, "/tasks").header(ACCEPT_ENCODING, "gzip");
    let zipped = request.send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    assert_eq!(zipped.headers()["etag"], plain.header("etag").unwrap());
    let request = api.request(Method::GET, &format!("/people/{}", company.worker.id)).header(ACCEPT_ENCODING, "gzip");
    let person = send(request).await.expect_status(200);
    assert_eq!(person.header("content-encoding"), Some("identity"));
    assert!(person.header("etag").unwrap().starts_with("\"1-"));
    company.finish().await;
}

#[tokio::test]
async fn a_person_is_updated_only_if_the_client_has_read_the_present_version() {
    let company = Company::new().await;
    let api = &company.admin.api;
    let path = format!("/people/{}", company.worker.id);
    let etag = api.get(&path).await.header("etag").unwrap().to_owned();
    let renamed = json!({ "name": "Wim W." });
    let without = send(api.request(Method::PATCH, &path).json(&renamed)).await;
    without.expect_problem(428, "precondition_required");
    let unreadable = api.patch_version(&path, "7", &renamed).await.expect_problem(400, "malformed_request");
    assert_eq!(unreadable.json["errors"][0]["pointer"], "If-Match");
    for stale in ["\"0-x\"", "\"x\"", &format!("W/{etag}")] {
        api.patch_version(&path, stale, &renamed).await.expect_problem(412, "precondition_failed");
    }
    assert_eq!(api.read(&path).await["name"], "Wim", "a refused update changes nothing");

    let changed = api.patch_version(&path, &format!("\"0-x\", {etag}"), &renamed).await.expect_status(200);
    let next = changed.header("etag").unwrap().to_owned();
    assert_ne!(next, etag);
    assert_eq!(api.get(&path).await.header("etag"), Some(next.as_str()), "a PATCH answers with the new ETag");
    api.patch_version(&path, &etag, &json!({ "name": "Lost" })).await.expect_problem(412, "precondition_failed");
    assert_eq!(company.worker.api.get("/me").await.header("etag"), Some(next.as_str()));
    let own = &company.worker.api;
    send(own.request(Method::PATCH, "/me").json(&renamed)).await.expect_problem(428, "precondition_required");
    own.patch_version("/me", &etag, &renamed).await.expect_problem(412, "precondition_failed");
    let zone = own.patch_version("/me", &next, &json!({ "time_zone": "Europe/Berlin" })).await.expect_status(200);
    assert_eq!(own.get("/me").await.header("etag"), zone.header("etag"));
    api.patch_version(&path, "*", &json!({ "name": "Wim" })).await.expect_status(200);

    let unknown = format!("/people/{}", uuid::Uuid::nil());
    api.patch_version(&unknown, &etag, &renamed).await.expect_problem(404, "not_found");
    let forbidden = company.worker.api.request(Method::PATCH, &path).json(&renamed);
    send(forbidden).await.expect_problem(403, "forbidden");
    company.finish().await;
}

#[tokio::test]
async fn of_many_updates_of_one_version_exactly_one_succeeds() {
    let company = Company::new().await;
    let path = format!("/people/{}", company.worker.id);
    let etag = company.admin.api.get(&path).await.header("etag").unwrap().to_owned();
    let update = |number: usize| {
        let (api, path, etag) = (company.admin.api.clone(), path.clone(), etag.clone());
        async move { api.patch_version(&path, &etag, &json!({ "name": format!("Wim {number}") })).await.status }
    };
    let statuses = futures_util::future::join_all((0..20).map(update)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 19, "{statuses:?}");
    company.finish().await;
}

#[tokio::test]
async fn the_answer_to_the_creation_of_a_person_has_the_etag_for_the_first_update() {
    let company = Company::new().await;
    let new = json!({ "email": "new@example.org", "name": "New", "role": "worker" });
    let created = company.admin.api.post("/people", &new).await.expect_status(201);
    let (path, etag) = (format!("/people/{}", created.id()), created.header("etag").unwrap().to_owned());
    assert_eq!(company.admin.api.get(&path).await.header("etag"), Some(etag.as_str()));
    company.admin.api.patch_version(&path, &etag, &json!({ "name": "Newer" })).await.expect_status(200);
    company.finish().await;
}

#[tokio::test]
async fn a_request_that_does_not_accept_the_media_type_of_the_answer_is_refused_and_has_no_effect() {
    let company = Company::new().await;
    let api = &company.admin.api;
    for accept in ["text/html", "application/xml, text/*", "application/json;q=0", "application/problem+json"] {
        api.get_as("/me", accept).await.expect_problem(406, "not_acceptable");
        api.get_as("/people", &format!("{accept}, text/csv")).await.expect_problem(406, "not_acceptable");
        let create = api.request(Method::POST, "/tasks").header("accept", accept).json(&json!({ "title": "No" }));
        send(create).await.expect_problem(406, "not_acceptable");
    }
    for accept in ["*/*", "application/*", "text/html;q=0.9, application/json;q=0.1", "nonsense", ""] {
        api.get_as("/me", accept).await.expect_status(200);
    }
    api.get_as("/docs", "text/html").await.expect_status(200);
    assert_eq!(api.read("/tasks").await["items"], json!([]), "a refused creation creates nothing");
    company.finish().await;
}

#[tokio::test]
async fn every_201_has_the_location_of_a_resource() {
    let company = Company::new().await;
    let creations: Vec<String> = operations(&company.system.api)
        .await
        .into_iter()
        .filter(|operation| operation.details["responses"].get("201").is_some())
        .map(|operation| {
            let headers = &operation.details["responses"]["201"]["headers"];
            assert!(headers.get("Location").is_some(), "{} does not declare its Location", operation.path);
            operation.path
        })
        .collect();
    let task = company.create("Fix the door").await;
    let wallet = format!("/wallets/{}/transfers", company.assignee(&task).id);
    let fee = company.admin.api.read(&wallet).await["items"][0]["id"].clone();
    let requests = [
        ("/corrections", json!({ "transfer_id": fee, "reason": "A mistake" })),
        ("/people", json!({ "email": "new@example.org", "name": "New", "role": "worker" })),
        ("/people/{id}/set-password-links", json!({})),
        ("/tasks", json!({ "title": "Another" })),
        ("/tasks/batch", json!({ "tasks": [{ "title": "One" }, { "title": "Two" }] })),
    ];
    for (path, body) in &requests {
        assert!(creations.iter().any(|known| known == path), "{path}");
        let created = company.admin.api.post(&path.replace("{id}", &company.worker.id), body).await.expect_status(201);
        let location = created.header("location").unwrap_or_else(|| panic!("{path} has no Location"));
        let found = send(company.admin.api.request_outside(Method::GET, location)).await.expect_status(200);
        if created.json.get("id").is_some() {
            assert_eq!(found.json["id"], created.json["id"], "{path}");
        }
    }
    company.finish().await;
}

/// A list whose first page has a cursor.
async fn cursor_of(api: &Api, path: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let page = api.read(&page_path(path, separator, 1, None)).await;
    page["next_cursor"].as_str().unwrap_or_else(|| panic!("{path} has one page")).to_owned()
}

#[tokio::test]
async fn a_cursor_is_valid_for_the_list_the_filters_and_the_caller_that_it_was_given_to() {
    let company = Company::new().await;
    for title in ["Fix the door", "Fix the roof", "Fix the door again"] {
        company.create(title).await;
    }
    let (worker, admin) = (&company.worker.api, &company.admin.api);
    let cursor = cursor_of(worker, "/tasks?status=open&q=fix").await;
    let refused = async |api: &Api, path: String| {
        let refused = api.get(&path).await.expect_problem(400, "malformed_request");
        assert_eq!(refused.json["errors"][0]["pointer"], "?cursor", "{path}");
    };
    worker.read(&format!("/tasks?status=open&q=fix&cursor={cursor}")).await;
    worker.read(&format!("/tasks?cursor={cursor}&limit=7&q=fix&status=open")).await;
    refused(admin, format!("/tasks?status=open&q=fix&cursor={cursor}")).await;
    refused(worker, format!("/tasks?status=open&cursor={cursor}")).await;
    refused(worker, format!("/tasks?status=open&q=door&cursor={cursor}")).await;
    refused(worker, format!("/people?cursor={cursor}")).await;
    let changed = format!("{}A", &cursor[..cursor.len() - 1]);
    let changed = if changed == cursor { format!("{}Q", &cursor[..cursor.len() - 1]) } else { changed };
    refused(worker, format!("/tasks?status=open&q=fix&cursor={changed}")).await;
    refused(worker, "/tasks?cursor=bm90IG91cnM".to_owned()).await;
    // A position of an earlier version, without a signature.
    refused(worker, "/tasks?cursor=NQ".to_owned()).await;
    company.finish().await;
}

#[tokio::test]
async fn a_cursor_survives_a_restart() {
    let company = Company::new().await;
    for title in ["First", "Second"] {
        company.create(title).await;
    }
    let cursor = cursor_of(&company.worker.api, "/tasks").await;
    let Company { system, worker, .. } = company;
    let system = system.stop().await.start("2026-11-02T09:30:00Z").await;
    let worker = system.log_in_again(&worker).await;
    let page = worker.api.read(&format!("/tasks?cursor={cursor}")).await;
    assert_eq!(page["items"][0]["title"], "First", "{page}");
    system.stop().await;
}

#[tokio::test]
async fn a_condition_without_a_meaning_is_ignored() {
    let company = Company::new().await;
    let request = company.admin.api.request(Method::GET, "/me").header(IF_MATCH, "\"0-x\"");
    send(request).await.expect_status(200);
    company.finish().await;
}

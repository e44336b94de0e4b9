//! The audit trail: who did what, from where, over HTTP.

use contracts::Role;
use harness::{Answer, Api, Company, MORNING, PASSWORD, System, TestEnvironment, eventually, send};
use kernel::db::ModuleRole;
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

/// The address of the client in these tests.
const CLIENT: &str = "203.0.113.7";
/// What somebody types into the field of the address by mistake.
const MISTYPED: &str = "my secret password";

/// A company behind a trusted proxy, and what its people do from `CLIENT`.
async fn company() -> Company {
    let environment = TestEnvironment::new().await;
    let trust = |config: &mut piecework::config::Config| config.http.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    Company::hire(environment.start_with(MORNING, trust).await).await
}

async fn from_client(api: &Api, method: Method, path: &str, body: &Value) -> Answer {
    let request = api.request(method, path).header("x-forwarded-for", CLIENT).header("x-request-id", "the-request");
    let request = request.header(IF_MATCH, "*");
    send(if body.is_null() { request } else { request.json(body) }).await
}

/// The records that match a query, the oldest first.
async fn records(company: &Company, query: &str) -> Vec<Value> {
    company.system.settle().await;
    let mut records = company.admin.api.read_all(&format!("/admin/audit?{query}"), 2).await;
    records.reverse();
    records
}

/// The actions in alphabetical order: on this clock, all of them happen at the same time.
fn actions(records: &[Value]) -> Vec<&str> {
    let mut actions: Vec<&str> = records.iter().map(|record| record["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    actions
}

fn find<'a>(records: &'a [Value], action: &str) -> &'a Value {
    records.iter().find(|record| record["action"] == action).unwrap()
}

#[tokio::test]
async fn what_admins_and_bookkeepers_do_is_recorded_with_its_actor_and_address() {
    let company = company().await;
    let (admin, worker) = (&company.admin.api, format!("/people/{}", company.worker.id));
    let change = json!({ "role": "accountant", "email": "wim@example.com", "name": "Wim W." });
    from_client(admin, Method::PATCH, &worker, &change).await.expect_status(200);
    from_client(admin, Method::PATCH, &worker, &json!({ "active": false })).await.expect_status(200);
    from_client(admin, Method::PATCH, &worker, &json!({ "active": true })).await.expect_status(200);
    let link = format!("{worker}/set-password-links");
    let link = from_client(admin, Method::POST, &link, &Value::Null).await.expect_status(201).json;
    let password = json!({ "token": link["set_password_token"], "password": "another good password" });
    from_client(&company.system.api, Method::POST, "/auth/set-password", &password).await.expect_status(200);
    let about_worker = records(&company, &format!("subject={}&address={CLIENT}", company.worker.id)).await;
    assert_eq!(
        actions(&about_worker),
        ["address_changed", "link_created", "password_set", "person_activated", "person_deactivated", "role_changed"]
    );
    let [role, address, set] =
        ["role_changed", "address_changed", "password_set"].map(|action| find(&about_worker, action));
    assert_eq!(
        role["actor"],
        json!({ "kind": "person", "person": { "id": company.admin.id, "name": company.admin.name } })
    );
    // The name of today, also in an older record.
    assert_eq!(role["subject_person"], json!({ "id": company.worker.id, "name": "Wim W." }));
    assert_eq!(role["details"], json!({ "from": "worker", "to": "accountant" }));
    assert_eq!((&role["address"], &role["request_id"]), (&json!(CLIENT), &json!("the-request")));
    assert_eq!(address["details"], json!({ "from": "wim@example.org", "to": "wim@example.com" }));
    assert_eq!(set["actor"]["person"]["id"], *company.worker.id);
    let text = serde_json::to_string(&about_worker).unwrap();
    let token = link["set_password_token"].as_str().unwrap();
    assert!(!text.contains(token) && !text.contains("another good password"), "{text}");

    company.create("Fix the door").await;
    let transfers = company.accountant.api.read_all("/wallets/me/transfers", 200).await;
    let others = company.admin.api.read_all(&format!("/wallets/{}/transfers", company.worker.id), 200).await;
    let transfer = transfers.iter().chain(&others).next().unwrap()["id"].clone();
    let correction = json!({ "transfer_id": transfer, "reason": "a mistake" });
    from_client(&company.accountant.api, Method::POST, "/corrections", &correction).await.expect_status(201);
    from_client(&company.manager.api, Method::POST, "/reassignments", &Value::Null).await.expect_status(202);
    company.system.finish_runs(&company.manager).await;
    from_client(&company.accountant.api, Method::POST, "/days/2026-11-02/close", &Value::Null).await.expect_status(200);
    let booked = records(&company, &format!("actor={}&address={CLIENT}", company.accountant.id)).await;
    assert_eq!(actions(&booked), ["day_closed", "transfer_corrected"]);
    let corrected = find(&booked, "transfer_corrected");
    assert_eq!((&corrected["subject"], &corrected["details"]["reason"]), (&transfer, &json!("a mistake")));
    assert_eq!(find(&booked, "day_closed")["subject"], "2026-11-02");
    let requested = records(&company, &format!("actor={}&action=reassign_requested", company.manager.id)).await;
    assert_eq!((requested.len(), &requested[0]["details"]["open_tasks"]), (1, &json!("1")));
    company.finish().await;
}

#[tokio::test]
async fn logins_failures_and_ended_sessions_are_recorded_without_what_was_typed() {
    let company = company().await;
    let api = &company.system.api;
    let login = async |email: &str, password: &str| {
        from_client(api, Method::POST, "/auth/login", &json!({ "email": email, "password": password })).await
    };
    login(&company.worker.email, "wrong").await.expect_status(401);
    login(MISTYPED, PASSWORD).await.expect_status(401);
    let tokens = login(&company.worker.email, PASSWORD).await.expect_status(200).json;
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let next = from_client(api, Method::POST, "/auth/refresh", &refresh).await.expect_status(200).json;
    let next = json!({ "refresh_token": next["refresh_token"] });
    from_client(api, Method::POST, "/auth/refresh", &next).await.expect_status(200);
    from_client(api, Method::POST, "/auth/refresh", &refresh).await.expect_status(401);
    from_client(&company.worker.api, Method::POST, "/auth/logout", &Value::Null).await.expect_status(204);
    let recorded = records(&company, &format!("address={CLIENT}")).await;
    assert_eq!(
        actions(&recorded),
        ["logged_in", "login_failed", "login_failed", "refresh_token_reused", "session_ended"]
    );
    let failed: Vec<&Value> = recorded.iter().filter(|record| record["action"] == "login_failed").collect();
    assert!(failed.iter().all(|record| record["actor"] == json!({ "kind": "anonymous" })));
    let about = |subject: Value| failed.iter().filter(|record| record["subject"] == subject).count();
    assert_eq!((about(json!(company.worker.id)), about(Value::Null)), (1, 1));
    assert_eq!(find(&recorded, "logged_in")["actor"]["person"]["id"], *company.worker.id);
    assert!(!serde_json::to_string(&recorded).unwrap().contains(MISTYPED));
    let mut database = company.system.environment.tracker.connect().await;
    let stored: String = sqlx::query_scalar(
        "select concat((select json_agg(r) from identity.audit_records as r), (select json_agg(a) from identity.login_attempts as a))",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert!(!stored.contains("secret") && !stored.contains(PASSWORD) && !stored.contains("wrong"), "{stored}");
    company.finish().await;
}

#[tokio::test]
async fn a_wrong_current_password_is_recorded_as_a_failed_login_of_the_person() {
    let company = company().await;
    let change = json!({ "current_password": MISTYPED, "new_password": "another good password" });
    let wrong = from_client(&company.worker.api, Method::POST, "/me/password", &change).await;
    wrong.expect_problem(422, "identity.wrong_password");
    let recorded = records(&company, &format!("address={CLIENT}")).await;
    assert_eq!(actions(&recorded), ["login_failed"]);
    assert_eq!(recorded[0]["actor"]["person"], json!({ "id": company.worker.id, "name": company.worker.name }));
    assert_eq!(recorded[0]["subject"], *company.worker.id);
    assert_eq!(recorded[0]["details"], json!({ "request": "change_password" }));
    company.finish().await;
}

#[tokio::test]
async fn what_people_do_to_their_credentials_and_sessions_is_recorded() {
    let company = company().await;
    let (worker, admin) = (&company.worker.api, &company.admin.api);
    let other = company.system.log_in_again(&company.worker).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another good password" });
    from_client(worker, Method::POST, "/me/password", &change).await.expect_status(204);
    other.api.get("/me").await.expect_problem(401, "identity.token_revoked");
    let new = json!({ "name": "A script", "scopes": ["read"], "expires_at": "2026-12-01T00:00:00Z" });
    let created = from_client(worker, Method::POST, "/me/tokens", &new).await.expect_status(201).json;
    let token_id = created["id"].as_str().unwrap();
    from_client(worker, Method::DELETE, &format!("/me/tokens/{token_id}"), &Value::Null).await.expect_status(204);
    let path = format!("/people/{}", company.worker.id);
    from_client(admin, Method::POST, &format!("{path}/invitation"), &Value::Null).await.expect_status(202);
    from_client(admin, Method::DELETE, &format!("{path}/sessions"), &Value::Null).await.expect_status(204);

    let about_worker = records(&company, &format!("subject={}&address={CLIENT}", company.worker.id)).await;
    assert_eq!(
        actions(&about_worker),
        ["api_token_created", "api_token_revoked", "link_created", "password_changed", "session_ended"]
    );
    for (action, actor) in [
        ("api_token_created", &company.worker),
        ("api_token_revoked", &company.worker),
        ("password_changed", &company.worker),
        ("link_created", &company.admin),
        ("session_ended", &company.admin),
    ] {
        let actor = json!({ "kind": "person", "person": { "id": actor.id, "name": actor.name } });
        assert_eq!(find(&about_worker, action)["actor"], actor, "{action}");
    }
    assert_eq!(find(&about_worker, "password_changed")["details"], json!({ "ended_sessions": "1" }));
    assert_eq!(find(&about_worker, "api_token_revoked")["details"], json!({ "token_id": token_id }));
    let text = serde_json::to_string(&about_worker).unwrap();
    assert!(!text.contains(created["token"].as_str().unwrap()) && !text.contains("good password"), "{text}");
    company.finish().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_its_idempotency_key_is_recorded_once() {
    let company = company().await;
    let (admin, manager) = (&company.admin.api, &company.manager.api);
    let person = json!({ "email": "new@example.org", "name": "New", "role": "worker", "password": PASSWORD });
    let invitation = format!("/people/{}/invitation", company.worker.id);
    for _ in 0..2 {
        admin.post_keyed("key", "/people", &person).await.expect_status(201);
        admin.post_keyed("key", &invitation, &Value::Null).await.expect_status(202);
        manager.post_keyed("key", "/reassignments", &Value::Null).await.expect_status(202);
    }
    company.system.finish_runs(&company.manager).await;
    let count = async |query: String| records(&company, &query).await.len();
    assert_eq!(count("action=reassign_requested".to_owned()).await, 1);
    assert_eq!(count(format!("action=link_created&subject={}", company.worker.id)).await, 1);
    assert_eq!(count(format!("action=person_created&actor={}", company.admin.id)).await, 5, "the company has four");
    company.finish().await;
}

#[tokio::test]
async fn refusals_are_recorded_once_a_minute_with_the_person_and_the_route() {
    let company = company().await;
    for _ in 0..3 {
        from_client(&company.worker.api, Method::GET, "/admin/emails", &Value::Null).await.expect_status(403);
    }
    company.worker.api.get("/admin/audit").await.expect_status(403);
    let recorded = eventually("the refusals are recorded", async || {
        let recorded = records(&company, "action=refused").await;
        (recorded.len() == 2).then_some(recorded)
    })
    .await;
    let refused = recorded.iter().find(|record| record["address"] == CLIENT).unwrap();
    assert_eq!(refused["actor"]["person"]["id"], *company.worker.id);
    assert_eq!(refused["details"], json!({ "route": "GET /api/v1/admin/emails", "code": "forbidden" }));
    company.system.ambient.advance(chrono::Duration::seconds(61));
    from_client(&company.worker.api, Method::GET, "/admin/emails", &Value::Null).await.expect_status(403);
    eventually("a later refusal is recorded again", async || {
        (records(&company, "action=refused").await.len() == 3).then_some(())
    })
    .await;
    company.finish().await;
}

#[tokio::test]
async fn the_list_is_filtered_by_time_and_refuses_filters_that_match_nothing() {
    let company = company().await;
    company.system.ambient.advance(chrono::Duration::minutes(10));
    company.system.hire(&company.admin, Role::Worker, "Late").await;
    let created = async |query: &str| records(&company, &format!("action=person_created&{query}")).await.len();
    assert_eq!(created("").await, 5);
    assert_eq!(created("occurred_from=2026-11-02T09:10:00Z").await, 1);
    assert_eq!(created("occurred_before=2026-11-02T09:10:00Z").await, 4);
    assert_eq!(created("occurred_from=2026-11-02T09:00:00Z&occurred_before=2026-11-02T09:00:00Z").await, 0);
    assert_eq!(created(&format!("actor={}", company.admin.id)).await, 5, "the first admin creates themself");
    assert_eq!(created("actor=system").await, 0);
    let keys = records(&company, "actor=system").await;
    assert_eq!(actions(&keys), ["signing_key_created"]);
    let refused = company
        .admin
        .api
        .get("/admin/audit?actor=me&action=flying&occurred_from=2026-11-03T00:00:00Z&occurred_before=2026-11-02T00:00:00Z")
        .await;
    let pointers: Vec<Value> =
        refused.expect_problem(422, "invalid_request").json["errors"].as_array().unwrap().clone();
    let pointers: Vec<&str> = pointers.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["?actor", "?action", "?occurred_before"]);
    for malformed in ["address=localhost", "occurred_from=yesterday", "limit=0", "cursor=x", "person=1"] {
        let path = format!("/admin/audit?{malformed}");
        company.admin.api.get(&path).await.expect_problem(400, "malformed_request");
    }
    company.finish().await;
}

#[tokio::test]
async fn a_record_can_be_neither_changed_nor_deleted() {
    let company = company().await;
    company.system.settle().await;
    let tracker = &company.system.environment.tracker;
    let (mut owner, mut module) = (tracker.connect_as_owner().await, tracker.connect_as_owner().await);
    let take = "select set_config('role', (select nspowner::regrole::text || '_identity' from pg_namespace where nspname = 'identity'), false)";
    module.execute(take).await.unwrap();
    assert_eq!(ModuleRole::owning("identity").check(&mut owner).await.unwrap().defect, None);
    for statement in [
        "update identity.audit_records set action = 'logged_in'",
        "delete from identity.audit_records",
        "truncate identity.audit_records",
    ] {
        let mut transaction = owner.begin().await.unwrap();
        let refused = transaction.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
        transaction.rollback().await.unwrap();
        let refused = module.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }
    company.finish().await;
}

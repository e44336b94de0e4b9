//! Four services as one API: each forwards the requests for modules that another one hosts.

use contracts::Role;
use harness::{Company, Person, System, complete_path, eventually, send};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::processes::{Processes, SERVICES, SharedEnvironment};

/// The first admin, whom every module knows.
async fn first_admin(processes: &Processes) -> Person {
    let admin = processes.first_admin().await;
    processes.settle().await;
    admin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_answers_the_whole_api() {
    let Some(environment) = SharedEnvironment::new("one API over several services").await else { return };
    let processes = environment.services().await;
    let admin = first_admin(&processes).await;
    let document = processes.at(0).read("/openapi.json").await;
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let key = send(processes.at(0).request_outside(Method::GET, "/.well-known/jwks.json")).await.json;
    for number in 0..SERVICES.len() {
        let api = processes.at(number);
        assert_eq!(api.read("/openapi.json").await, document, "every service has the whole document");
        assert_eq!(send(api.request_outside(Method::GET, "/.well-known/jwks.json")).await.json, key);
        api.get("/nowhere").await.expect_problem(404, "no_such_route");
        api.get("/tasks").await.expect_problem(401, "not_authenticated");
        api.with_token("eyJhbGciOiJub25lIn0.e30.").get("/days").await.expect_problem(401, "identity.token_invalid");
        for path in &paths {
            let answer = send(api.request_outside(Method::TRACE, path)).await.expect_problem(405, "method_not_allowed");
            let methods: Vec<String> = answer.header("allow").unwrap().split(", ").map(str::to_lowercase).collect();
            for method in document["paths"][path].as_object().unwrap().keys() {
                assert!(methods.contains(method), "{path}: {answer:?}");
            }
        }
    }
    // Some service hosts each route. A stream without an end has a test of its own.
    let is_readable = |path: &&String| {
        let get = &document["paths"][*path]["get"];
        get.is_object() && get["responses"]["200"]["content"]["text/event-stream"].is_null() && !path.contains('{')
    };
    for path in paths.iter().filter(is_readable) {
        for _ in 0..SERVICES.len() {
            let answer = send(admin.api.request_outside(Method::GET, path)).await;
            assert!(answer.status < 500, "{path}: {answer:?}");
        }
    }
    for number in 0..SERVICES.len() {
        let malformed = admin.api.send_bytes(Method::POST, "/tasks", b"{".to_vec()).await;
        malformed.expect_problem(400, "malformed_request");
        let body = json!({ "name": format!("Ada {number}") });
        let changed = admin.api.patch(&format!("/people/{}", admin.id), &body).await.expect_status(200);
        assert_eq!(changed.json["name"], body["name"]);
        admin.api.get("/me?x=1").await.expect_problem(400, "malformed_request");
    }
    processes.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_at_one_service_ends_the_session_at_all() {
    let Some(environment) = SharedEnvironment::new("a logout over several services").await else { return };
    let processes = environment.services().await;
    let admin = first_admin(&processes).await;
    let worker = processes.hire(&admin, Role::Worker, "Wim").await;
    // Each path is answered by the service that hosts it, which checks the token itself.
    let paths = ["/wallets/me", "/me", "/tasks"];
    for path in paths {
        worker.api.read(path).await;
    }
    worker.api.post_nothing("/auth/logout").await.expect_status(204);
    for path in paths {
        let refused = async || {
            let answer = worker.api.get(path).await;
            (answer.status == 401).then_some(answer)
        };
        let answer = eventually("the token is revoked", refused).await;
        assert_eq!(answer.json["code"], "identity.token_revoked", "{answer:?}");
    }
    processes.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_at_one_process_ends_an_event_stream_at_another() {
    let Some(environment) = SharedEnvironment::new("an event stream and a logout elsewhere").await else { return };
    let processes = environment.processes(2).await;
    let admin = first_admin(&processes).await;
    let worker = processes.hire(&admin, Role::Worker, "Wim").await;
    admin.api.post("/tasks", &json!({ "title": "Blocked" })).await.expect_status(201);
    admin.api.patch(&format!("/people/{}", worker.id), &json!({ "active": false })).await.expect_status(200);
    let run = eventually("the run is blocked", async || {
        let runs = admin.api.read_all("/reassignments", 200).await;
        runs.into_iter().find(|run| run["status"] == "blocked")
    })
    .await;
    let (watching, leaving) = (processes.log_in_at(1, &admin).await, processes.at(0));
    let path = format!("/reassignments/{}/events", run["id"].as_str().unwrap());
    let response = watching.request(Method::GET, &path).send().await.unwrap();
    let stream = tokio::spawn(response.text());
    watching.moved_to(&leaving).post_nothing("/auth/logout").await.expect_status(204);
    eventually("the stream ends", async || stream.is_finished().then_some(())).await;
    assert!(stream.await.unwrap().unwrap().starts_with("event: progress\n"));
    processes.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_uses_every_service_by_one_session() {
    let Some(environment) = SharedEnvironment::new("cookies over several services").await else { return };
    let processes = environment.services().await;
    let admin = first_admin(&processes).await;
    // This process forwards the login to the one that hosts identity.
    let gateway = processes.at(3);
    let same_origin = |method, path: &str| gateway.request(method, path).header("origin", processes.urls()[3].as_str());
    let body = json!({ "email": admin.email, "password": harness::PASSWORD, "cookies": true });
    let login = send(same_origin(Method::POST, "/auth/login").json(&body)).await.expect_status(200);
    let cookies: Vec<&str> = login.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let pairs = cookies.iter().filter_map(|cookie| cookie.split("; ").next());
    let line = pairs.filter(|pair| !pair.contains("position")).collect::<Vec<_>>().join("; ");
    for path in ["/me", "/tasks", "/wallets/me", "/analytics/summary", "/admin/emails"] {
        send(gateway.request(Method::GET, path).header("cookie", &line)).await.expect_status(200);
    }
    let foreign = gateway.request(Method::POST, "/auth/logout").header("cookie", &line);
    send(foreign.header("origin", "https://evil.example")).await.expect_problem(403, "csrf_refused");
    send(same_origin(Method::POST, "/auth/logout").header("cookie", &line)).await.expect_status(204);
    processes.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_service_is_down_the_others_work_and_it_catches_up_later() {
    let Some(environment) = SharedEnvironment::new("a service that is down").await else { return };
    let processes = environment.services().await;
    let admin = first_admin(&processes).await;
    let mut company = Company::hire_by(processes, admin).await;
    company.system.servers[1].kill();
    let admin = company.system.log_in_at(0, &company.admin).await;
    let mut tasks = Vec::new();
    for number in 0..5 {
        let body = json!({ "title": format!("Task {number}") });
        tasks.push(admin.post("/tasks", &body).await.expect_status(201).json);
    }
    for number in [0, 2, 3] {
        let refused = company.system.log_in_at(number, &company.accountant).await.get("/days").await;
        assert_eq!(refused.header("retry-after"), Some("2"));
        refused.expect_problem(503, "module_unreachable");
    }
    for person in [&company.worker, &company.accountant] {
        let api = company.system.log_in_at(0, person).await;
        for task in tasks.iter().filter(|task| task["assignee"]["id"] == *person.id) {
            api.post_nothing(&complete_path(task)).await.expect_status(200);
        }
    }
    company.system.servers[1].restart().await;
    company.system.settle().await;
    let earned = company.admin.api.read("/analytics/summary").await;
    assert_eq!(earned["wallets_below_zero"], 0, "every reward is booked, and it is more than the fee: {earned}");
    company.system.finish().await;
}

const PARKED_EVENTS: &str = "/admin/modules/accounting/parked-events";

async fn publish_unreadable_event(processes: &Processes, id: Uuid) {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/piecework/tasks", "type": "piecework.tasks.created.v1",
        "time": "2026-11-02T09:00:00Z", "datacontenttype": "application/json", "data": {},
    });
    let statement = sqlx::query("insert into tasks.outbox (event_id, weight, event) values ($1, 1, $2)");
    let mut tracker = processes.environment.tracker.connect().await;
    statement.bind(id).bind(sqlx::types::Json(event)).execute(&mut tracker).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_operates_every_module_from_any_service() {
    let Some(environment) = SharedEnvironment::new("the modules and parked events of several services").await else {
        return;
    };
    let mut processes = environment.services().await;
    let admin = first_admin(&processes).await;
    let mut gateways = Vec::new();
    for number in 0..SERVICES.len() {
        gateways.push(processes.log_in_at(number, &admin).await);
    }
    let ids = [1, 2, 3].map(Uuid::from_u128);
    for id in ids {
        publish_unreadable_event(&processes, id).await;
    }
    for (number, gateway) in gateways.iter().enumerate() {
        let list = async || {
            let parked = gateway.read_all(PARKED_EVENTS, 1).await;
            (parked.len() == ids.len()).then_some(parked)
        };
        let parked = eventually("all events are parked", list).await;
        let shown: Vec<&str> = parked.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(shown, ids.map(|id| id.to_string()));
        assert!(parked.iter().all(|event| event["module"] == "accounting"), "{parked:?}");

        let compressed =
            gateway.request(Method::GET, "/admin/modules/accounting").header("accept-encoding", "identity, gzip;q=0.1");
        let state = send(compressed).await.expect_status(200).json;
        assert_eq!((&state["name"], &state["inbox_parked"]), (&json!("accounting"), &json!(3)));
        gateway.get("/admin/modules/flying").await.expect_problem(404, "not_found");
        let modules = gateway.read("/admin/modules").await;
        let modules = modules["items"].as_array().unwrap();
        let names: Vec<&str> = modules.iter().map(|module| module["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["identity", "tasks", "accounting", "email", "analytics", "live"]);
        for module in modules {
            let is_hosted = SERVICES[number].split(',').any(|name| module["name"] == name);
            assert_eq!((&module["hosted"], module["url"].is_null()), (&json!(is_hosted), is_hosted), "{module}");
        }
    }
    let [first, second, third] = ids;
    let body = json!({ "reason": "it was a test" });
    for (gateway, id) in [(3, first), (0, second), (2, third)] {
        let path = format!("{PARKED_EVENTS}/{id}/discard");
        let discarded = gateways[gateway].post(&path, &body).await.expect_status(200).json;
        assert_eq!(discarded, json!({ "id": id, "module": "accounting" }));
        gateways[gateway].post(&path, &body).await.expect_problem(404, "not_found");
        let retry = format!("{PARKED_EVENTS}/{id}/retry");
        gateways[gateway].post_nothing(&retry).await.expect_problem(404, "not_found");
    }

    // The process of accounting has recorded it, with the client of the gateway.
    let recorded = async || {
        let records = gateways[1].read_all("/admin/audit?action=parked_event_discarded", 2).await;
        (records.len() == ids.len()).then_some(records)
    };
    for record in eventually("the discards are in the audit trail", recorded).await {
        assert_eq!(record["actor"]["person"], json!({ "id": admin.id, "name": admin.name }));
        assert_eq!((&record["address"], &record["details"]["module"]), (&json!("127.0.0.1"), &json!("accounting")));
    }

    processes.servers[1].kill();
    assert_eq!(gateways[3].read("/admin/modules").await["items"].as_array().unwrap().len(), 6);
    assert_eq!(gateways[3].read("/admin/modules/tasks").await["name"], "tasks");
    for path in ["/admin/modules/accounting", PARKED_EVENTS] {
        gateways[3].get(path).await.expect_problem(503, "module_unreachable");
    }
    let discard = gateways[3].post(&format!("{PARKED_EVENTS}/{first}/discard"), &body).await;
    discard.expect_problem(503, "module_unreachable");
    processes.servers[1].restart().await;
    processes.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_an_idempotency_key_takes_effect_once_at_whichever_service_it_arrives() {
    let Some(environment) = SharedEnvironment::new("idempotency keys over several services").await else { return };
    let processes = environment.services().await;
    let admin = first_admin(&processes).await;
    let mut answers = Vec::new();
    for number in 0..SERVICES.len() {
        let api = processes.log_in_at(number, &admin).await;
        answers.push(api.post_keyed("key", "/reassignments", &json!({})).await.expect_status(202));
    }
    assert_eq!(answers[0].header("idempotency-replayed"), None);
    for answer in &answers[1..] {
        assert_eq!(answer.header("idempotency-replayed"), Some("true"));
        assert_eq!((&answer.text, answer.header("location")), (&answers[0].text, answers[0].header("location")));
    }
    assert_eq!(admin.api.read_all("/reassignments", 200).await.len(), 1);
    processes.finish().await;
}

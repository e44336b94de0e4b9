//! Four services seen from outside: whichever is asked, there is one API; and what happens when one of them is gone.

use contracts::Role;
use harness::eventually;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::api::send;
use crate::stage::{Cast, Stage, complete_path};
use crate::world::{Ground, SERVICES, World};

async fn first_admin(world: &World) -> crate::stage::Person {
    let token = world.first_admin_token().await;
    let body = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": crate::stage::PASSWORD });
    let id = world.api().post("/auth/set-password", &body).await.expect_status(200).id();
    let admin = world.log_in(&id, "ada@example.org", "Ada").await;
    world.settle().await;
    admin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_is_asked_there_is_one_api() {
    let Some(ground) = Ground::new("one API over several services").await else { return };
    let world = ground.services().await;
    let admin = first_admin(&world).await;
    let document = world.at(0).read("/openapi.json").await;
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let key = send(world.at(0).request_outside(Method::GET, "/.well-known/jwks.json")).await.json;
    for number in 0..SERVICES.len() {
        let api = world.at(number);
        assert_eq!(api.read("/openapi.json").await, document, "the whole document is everywhere");
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
    // Every route is somewhere: nobody answers that it is not.
    for path in paths.iter().filter(|path| !path.contains('{') && document["paths"][*path]["get"].is_object()) {
        for _ in 0..SERVICES.len() {
            let answer = send(admin.api.request_outside(Method::GET, path)).await;
            assert!(answer.status < 500, "{path}: {answer:?}");
        }
    }
    for number in 0..SERVICES.len() {
        let bad = admin.api.send_bytes(Method::POST, "/tasks", b"{".to_vec()).await;
        bad.expect_problem(400, "malformed_request");
        let body = json!({ "name": format!("Ada {number}") });
        let changed = admin.api.patch(&format!("/people/{}", admin.id), &body).await.expect_status(200);
        assert_eq!(changed.json["name"], body["name"]);
        admin.api.get("/me?x=1").await.expect_problem(400, "malformed_request");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_at_one_service_is_felt_by_all() {
    let Some(ground) = Ground::new("a logout over several services").await else { return };
    let world = ground.services().await;
    let admin = first_admin(&world).await;
    let worker = world.hire(&admin, Role::Worker, "Wim").await;
    // Each of these is answered by the process that hosts it, which checks the token by itself.
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
        let answer = eventually("the token is worth nothing any more", refused).await;
        assert_eq!(answer.json["code"], "identity.token_revoked", "{answer:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_service_is_gone_the_others_go_on_and_it_catches_up() {
    let Some(ground) = Ground::new("a service that is gone").await else { return };
    let world = ground.services().await;
    let admin = first_admin(&world).await;
    let mut cast = Cast::hire(world, admin).await;
    cast.world.processes[1].kill();
    let created = cast.world.log_in_at(0, &cast.admin).await;
    let mut tasks = Vec::new();
    for number in 0..5 {
        let body = json!({ "title": format!("Task {number}") });
        tasks.push(created.post("/tasks", &body).await.expect_status(201).json);
    }
    for number in [0, 2, 3] {
        let refused = cast.world.log_in_at(number, &cast.accountant).await.get("/days").await;
        assert_eq!(refused.header("retry-after"), Some("2"));
        refused.expect_problem(503, "module_unreachable");
    }
    for person in [&cast.worker, &cast.accountant] {
        let api = cast.world.log_in_at(0, person).await;
        for task in tasks.iter().filter(|task| task["assignee"]["id"] == *person.id) {
            api.post_nothing(&complete_path(task)).await.expect_status(200);
        }
    }
    cast.world.processes[1].restart().await;
    cast.world.settle().await;
    let earned = cast.admin.api.read("/analytics/summary").await;
    assert_eq!(earned["wallets_below_zero"], 0, "each had their reward, which is more than the fee: {earned}");
    cast.world.finish().await;
}

async fn say_something_unreadable(world: &World, id: Uuid) {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/piecework/tasks", "type": "piecework.tasks.created.v1",
        "time": "2026-11-02T09:00:00Z", "datacontenttype": "application/json", "data": {},
    });
    let statement = sqlx::query("insert into tasks.outbox (event_id, weight, event) values ($1, 1, $2)");
    let mut tracker = world.ground.tracker.connect().await;
    statement.bind(id).bind(sqlx::types::Json(event)).execute(&mut tracker).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_keeps_the_system_running_sees_all_of_it_from_any_service() {
    let Some(ground) = Ground::new("the modules and dead letters of several services").await else { return };
    let mut world = ground.services().await;
    let admin = first_admin(&world).await;
    let mut gateways = Vec::new();
    for number in 0..SERVICES.len() {
        gateways.push(world.log_in_at(number, &admin).await);
    }
    let ids = [1, 2, 3].map(Uuid::from_u128);
    for id in ids {
        say_something_unreadable(&world, id).await;
    }
    for gateway in &gateways {
        let list = async || {
            let parked = gateway.read_all("/admin/events/parked", 1).await;
            (parked.len() == ids.len()).then_some(parked)
        };
        let parked = eventually("all are parked", list).await;
        let shown: Vec<&str> = parked.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
        assert_eq!(shown, ids.map(|id| id.to_string()));
        assert!(parked.iter().all(|event| event["subscriber"] == "accounting"), "{parked:?}");

        let compressed =
            gateway.request(Method::GET, "/admin/modules").header("accept-encoding", "identity, gzip;q=0.1");
        let modules = send(compressed).await.expect_status(200).json;
        let names: Vec<&str> =
            modules["items"].as_array().unwrap().iter().map(|module| module["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["identity", "tasks", "accounting", "email", "analytics"]);
        assert_eq!((&modules["items"][2]["inbox_parked"], &modules["unreachable"]), (&json!(3), &json!([])));
    }
    let [first, second, third] = ids;
    let body = json!({ "reason": "it was a test" });
    for (gateway, id) in [(3, first), (0, second), (2, third)] {
        let path = format!("/admin/events/parked/{id}/discard");
        let discarded = gateways[gateway].post(&path, &body).await.expect_status(200).json;
        assert_eq!(discarded["subscribers"], json!(["accounting"]));
        gateways[gateway].post(&path, &body).await.expect_problem(404, "not_found");
        let retry = format!("/admin/events/parked/{id}/retry");
        gateways[gateway].post_nothing(&retry).await.expect_problem(404, "not_found");
    }

    world.processes[1].kill();
    let modules = gateways[3].read("/admin/modules").await;
    assert_eq!((&modules["items"].as_array().unwrap().len(), &modules["unreachable"]), (&4, &json!(["accounting"])));
    // A list that may miss something is none.
    let missing = gateways[3].get("/admin/events/parked").await;
    missing.expect_problem(503, "module_unreachable");
    let unknown = gateways[3].post(&format!("/admin/events/parked/{first}/discard"), &body).await;
    unknown.expect_problem(503, "module_unreachable");
    world.processes[1].restart().await;
    world.finish().await;
}

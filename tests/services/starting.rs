//! What a process with some of the modules needs, and that it does not matter who starts first.

use std::process::Output;

use harness::eventually;
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Settings, run};
use crate::stage::{PASSWORD, Stage};
use crate::world::{Ground, SERVICES, World};

fn settings<const N: usize>(settings: [(&str, &str); N]) -> Settings {
    settings.map(|(name, value)| (format!("PIECEWORK__{name}"), value.to_owned())).to_vec()
}

#[track_caller]
fn refused(output: &Output, reasons: &[&str]) {
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaints}");
    for reason in reasons {
        assert!(complaints.contains(reason), "{reason} is not in: {complaints}");
    }
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start_and_says_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let serve =
        async |modules: &str, settings: Settings| run(folder.path(), &["serve", "--modules", modules], &settings).await;
    let alone = serve("identity,tasks", Vec::new()).await;
    refused(&alone, &["bus.kind", "leaves out accounting, email, analytics", "--bus rabbitmq"]);
    let bus = ("BUS__AMQP_URL", "amqp://127.0.0.1:1/%2f");
    let rabbitmq = ("BUS__KIND", "rabbitmq");
    refused(&serve("email", settings([rabbitmq])).await, &["bus.amqp_url", "is not set"]);
    let without_database = serve("email", settings([rabbitmq, bus])).await;
    refused(&without_database, &["databases.tracker.write_url", "is not set", "embedded PostgreSQL"]);
    let bad_url = serve("email", settings([rabbitmq, bus, ("MODULES__TASKS__URL", "tasks1:8080")])).await;
    refused(&bad_url, &["modules.tasks.url", "http://tasks1:8080"]);
    refused(&serve("tasks,flying", Vec::new()).await, &["modules.hosted", "`flying`", "analytics"]);
    let tracker = ("DATABASES__TRACKER__WRITE_URL", "postgres://127.0.0.1:1/tracker");
    let subset = settings([rabbitmq, bus, tracker, ("MODULES__HOSTED", "identity,tasks")]);
    refused(&run(folder.path(), &["demo"], &subset).await, &["the demo hosts all modules", "modules.hosted"]);
    // What a command does concerns all modules.
    refused(&run(folder.path(), &["verify"], &subset).await, &["databases.accounting.write_url", "both databases"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_start_in_any_order_on_empty_databases() {
    let Some(ground) = Ground::empty("services that start in any order").await else { return };
    let places = ground.places();
    let mut processes = Vec::new();
    for service in ["analytics", "email", "accounting"] {
        processes.push(ground.service(&places, service).await);
    }
    // Nobody has made tracker's schemas, and accounting's are there by now.
    assert_eq!(processes[0].greeting["waiting_for"], json!(["tracker", "accounting"]));
    assert_eq!(processes[2].greeting["waiting_for"], json!(["tracker"]));
    for process in &processes {
        assert!(process.greeting["first_admin_token"].is_null(), "only identity makes people");
    }
    let world = World { processes, ground };
    let readiness = send_readyz(&world, 2).await;
    assert_eq!((&readiness["reads"], &readiness["modules"]), (&json!(false), &json!(["accounting"])));
    let early = world.at(2).with_token("eyJhbGciOiJub25lIn0.e30.").get("/days").await;
    early.expect_problem(503, "database_unavailable");
    let unreachable = world.at(2).post("/auth/login", &json!({ "email": "a@example.org", "password": "x" })).await;
    assert_eq!(unreachable.header("retry-after"), Some("2"));
    unreachable.expect_problem(503, "module_unreachable");

    let World { mut processes, ground } = world;
    processes.push(ground.service(&places, SERVICES[0]).await);
    let world = World { processes, ground };
    for number in 0..SERVICES.len() {
        eventually("everybody is ready", async || (send_readyz(&world, number).await["reads"] == true).then_some(()))
            .await;
    }
    let body = json!({
        "token": world.first_admin_token().await, "email": "ada@example.org", "name": "Ada", "password": PASSWORD,
    });
    let id = world.at(1).post("/auth/set-password", &body).await.expect_status(200).id();
    let admin = world.log_in(&id, "ada@example.org", "Ada").await;
    world.settle().await;
    for path in ["/me", "/tasks", "/days", "/admin/emails", "/analytics/summary"] {
        for _ in 0..SERVICES.len() {
            admin.api.read(path).await;
        }
    }
    world.finish().await;
}

async fn send_readyz(world: &World, number: usize) -> Value {
    let answer = world.at(number).request_outside(Method::GET, "/readyz").send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_of_a_service_asks_the_others_who_they_are() {
    let Some(ground) = Ground::new("the doctor of a service").await else { return };
    let world = ground.services().await;
    let mut settings = world.processes[3].settings().clone();
    settings.push(("PIECEWORK__HTTP__PORT".to_owned(), "0".to_owned()));
    let doctor = async |settings: &Settings| {
        let output = run(&world.ground.data_dir("doctor"), &["doctor", "--json"], settings).await;
        let checks: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), checks)
    };
    let (code, checks) = doctor(&settings).await;
    assert_eq!(code, Some(0), "{checks:#?}");
    let found =
        checks.iter().filter(|check| check["found"].as_str().unwrap().starts_with("is hosted at http://")).count();
    assert_eq!(found, 4, "{checks:#?}");
    // Of the wrong process, which says what it is.
    let analytics = world.processes[2].url();
    settings.push(("PIECEWORK__MODULES__TASKS__URL".to_owned(), analytics));
    let (code, checks) = doctor(&settings).await;
    assert_eq!(code, Some(1));
    let wrong = checks.iter().find(|check| check["name"] == "module tasks").unwrap();
    assert!(wrong["found"].as_str().unwrap().contains("there are analytics"), "{wrong}");
    assert!(wrong["advice"].as_str().unwrap().contains("modules.tasks.url"), "{wrong}");
    world.finish().await;
}

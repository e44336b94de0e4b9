//! The start of a process with some of the modules: its requirements, and the order of services.

use harness::{Outcome, Settings, System, eventually, piecework};
use reqwest::Method;
use serde_json::{Value, json};

use crate::processes::{Processes, SERVICES, SharedEnvironment};

fn settings<const N: usize>(settings: [(&str, &str); N]) -> Settings {
    settings.map(|(name, value)| (format!("PIECEWORK__{name}"), value.to_owned())).to_vec()
}

#[track_caller]
fn expect_refusal(outcome: Outcome, reasons: &[&str]) {
    let errors = outcome.failed(2);
    for reason in reasons {
        assert!(errors.contains(reason), "{reason} is not in: {errors}");
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_the_start_with_advice() {
    let directory = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str], settings: &Settings| {
        piecework(directory.path(), arguments).settings(settings).finish().await
    };
    let serve = async |modules: &str, settings: Settings| run(&["serve", "--modules", modules], &settings).await;
    let alone = serve("identity,tasks", Vec::new()).await;
    expect_refusal(alone, &["bus.kind", "leaves out accounting, email, analytics, live", "--bus rabbitmq"]);
    let bus = ("BUS__AMQP_URL", "amqp://127.0.0.1:1/%2f");
    let rabbitmq = ("BUS__KIND", "rabbitmq");
    expect_refusal(serve("email", settings([rabbitmq])).await, &["bus.amqp_url", "is not set"]);
    let without_database = serve("email", settings([rabbitmq, bus])).await;
    expect_refusal(without_database, &["databases.tracker.write_url", "is not set", "embedded PostgreSQL"]);
    let bad_url = serve("email", settings([rabbitmq, bus, ("MODULES__TASKS__URL", "tasks1:8080")])).await;
    expect_refusal(bad_url, &["modules.tasks.url", "http://tasks1:8080"]);
    expect_refusal(serve("tasks,flying", Vec::new()).await, &["modules.hosted", "`flying`", "analytics"]);
    let tracker = ("DATABASES__TRACKER__WRITE_URL", "postgres://127.0.0.1:1/tracker");
    let subset = settings([rabbitmq, bus, tracker, ("MODULES__HOSTED", "identity,tasks")]);
    expect_refusal(run(&["demo"], &subset).await, &["the demo hosts all modules", "modules.hosted"]);
    // A command needs the databases of all modules.
    expect_refusal(run(&["verify"], &subset).await, &["databases.accounting.write_url", "both databases"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_start_in_any_order_on_empty_databases() {
    let Some(environment) = SharedEnvironment::empty("services that start in any order").await else { return };
    let urls = environment.module_urls();
    let mut servers = Vec::new();
    for service in ["analytics,live", "email", "accounting"] {
        servers.push(environment.service(&urls, service).await);
    }
    // No process has created the schemas of tracker yet. Those of accounting exist.
    assert_eq!(servers[0].greeting["waiting_for"], json!(["tracker", "accounting"]));
    assert_eq!(servers[2].greeting["waiting_for"], json!(["tracker"]));
    for server in &servers {
        assert!(server.greeting["first_admin_token"].is_null(), "only identity creates people");
    }
    let processes = Processes { servers, environment };
    let ready = readiness(&processes, 2).await;
    assert_eq!((&ready["reads"], &ready["modules"]), (&json!(false), &json!(["accounting"])));
    let early = processes.at(2).with_token("eyJhbGciOiJub25lIn0.e30.").get("/days").await;
    early.expect_problem(503, "identity.keys_not_loaded");
    let unreachable = processes.at(2).post("/auth/login", &json!({ "email": "a@example.org", "password": "x" })).await;
    assert_eq!(unreachable.header("retry-after"), Some("2"));
    unreachable.expect_problem(503, "module_unreachable");

    let Processes { mut servers, environment } = processes;
    servers.push(environment.service(&urls, SERVICES[0]).await);
    let processes = Processes { servers, environment };
    for number in 0..SERVICES.len() {
        eventually("every service is ready", async || {
            (readiness(&processes, number).await["reads"] == true).then_some(())
        })
        .await;
    }
    let admin = processes.first_admin().await;
    processes.settle().await;
    for path in ["/me", "/tasks", "/days", "/admin/emails", "/analytics/summary"] {
        for _ in 0..SERVICES.len() {
            admin.api.read(path).await;
        }
    }
    processes.finish().await;
}

/// The body of `/readyz` of one process.
async fn readiness(processes: &Processes, number: usize) -> Value {
    let answer = processes.at(number).request_outside(Method::GET, "/readyz").send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_of_a_service_checks_which_modules_the_others_host() {
    let Some(environment) = SharedEnvironment::new("the doctor of a service").await else { return };
    let processes = environment.services().await;
    let mut settings = processes.servers[3].settings().clone();
    settings.push(("PIECEWORK__HTTP__PORT".to_owned(), "0".to_owned()));
    let doctor = async |settings: &Settings| {
        let data_dir = processes.environment.data_dir("doctor");
        let outcome = piecework(&data_dir, &["doctor", "--json"]).settings(settings).finish().await;
        let checks: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
        (outcome.code, checks)
    };
    let (code, checks) = doctor(&settings).await;
    assert_eq!(code, Some(0), "{checks:#?}");
    let found =
        checks.iter().filter(|check| check["found"].as_str().unwrap().starts_with("is hosted at http://")).count();
    assert_eq!(found, 5, "{checks:#?}");
    // The URL of tasks leads to the service that hosts analytics.
    let analytics = processes.servers[2].url();
    settings.push(("PIECEWORK__MODULES__TASKS__URL".to_owned(), analytics));
    let (code, checks) = doctor(&settings).await;
    assert_eq!(code, Some(1));
    let wrong = checks.iter().find(|check| check["name"] == "module tasks").unwrap();
    assert!(wrong["found"].as_str().unwrap().contains("which hosts analytics, live"), "{wrong}");
    assert!(wrong["advice"].as_str().unwrap().contains("modules.tasks.url"), "{wrong}");
    processes.finish().await;
}

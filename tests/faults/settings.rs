//! Commands that need few or no data: the API document, the settings, the doctor, and their errors.

use harness::{Outcome, Run, piecework};
use serde_json::{Value, json};

use crate::data_directory::DataDirectory;

/// An Ed25519 key that signs nothing but this test.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJRSJX+CFcBadM0bM3k/eic1ziyh+GQbtVdqvD2wTdSW\n-----END PRIVATE KEY-----\n";

/// A run that must not use its data directory.
fn without_data(arguments: &[&str]) -> Run {
    piecework(std::path::Path::new("/nowhere/at/all"), arguments)
}

#[tokio::test]
async fn the_printed_api_document_is_the_served_one_and_is_openapi() {
    let data = DataDirectory::new();
    let server = data.serve().await;
    let printed = without_data(&["openapi"]).finish().await.json();
    assert_eq!(server.api.get("/openapi.json").await.ok(), printed);
    assert!(printed["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(printed["paths"]["/api/v1/tasks/{id}/complete"]["post"].is_object());
    // The doctor beside the server, and a second server at the same port.
    let checks = doctor(&data).finish().await.json();
    assert!(checks.as_array().unwrap().iter().all(|check| check["ok"] == true), "{checks:#}");
    let names: Vec<&str> = checks.as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    for name in [
        "data directory",
        "PostgreSQL's programs",
        "database tracker",
        "migrations of accounting",
        "role of tasks in tasks",
        "mail",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let taken = piecework(&data.path(), &["serve"]).env("PIECEWORK__HTTP__PORT", server.port());
    let errors = taken.finish().await.failed(1);
    assert!(errors.contains("cannot listen on") && errors.contains(server.port()), "{errors}");
    let failing = doctor(&data).env("PIECEWORK__HTTP__PORT", server.port()).finish().await;
    assert_eq!(failing.code, Some(1));
    assert!(failing.stdout.contains("PIECEWORK__HTTP__PORT"), "advice: {}", failing.stdout);
    server.stop().await;
}

fn doctor(data: &DataDirectory) -> Run {
    piecework(&data.path(), &["doctor", "--json"])
}

#[tokio::test]
async fn migrating_twice_succeeds_and_changes_nothing() {
    let data = DataDirectory::new();
    for _ in 0..2 {
        let migrated = piecework(&data.path(), &["migrate", "--json"]).finish().await.json();
        assert_eq!(migrated, json!({ "migrated": true }));
    }
    assert!(piecework(&data.path(), &["verify"]).finish().await.ok().contains("All invariants hold."));
}

#[tokio::test]
async fn config_check_shows_the_settings_in_force_and_hides_secrets() {
    let set = |run: Run| {
        run.env("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://me:hush-hush@db1/tracker")
            .env("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://me@db2/accounting?password=hush-hush")
            .env("PIECEWORK__BUS__AMQP_URL", "amqp://me:hush-hush@mq1/%2f")
            .env("PIECEWORK__EMAIL__SMTP_URL", "smtps://me:hush-hush@mail")
            .env("PIECEWORK__AUTH__KEYS", PRIVATE_KEY)
            .env("PIECEWORK__HTTP__REQUEST_TIMEOUT_MS", "4321")
    };
    let text = set(without_data(&["config", "check"])).finish().await.ok();
    assert!(text.contains("http.request_timeout_ms = 4321"), "{text}");
    assert!(text.contains("db1/tracker") && text.contains("# profile: test"), "{text}");
    let shown = set(without_data(&["config", "check", "--json"])).finish().await.json();
    assert_eq!(shown["http"]["request_timeout_ms"], 4321);
    assert_eq!(shown["data_dir"], "/nowhere/at/all");
    for secret in ["hush", "MC4CAQAw"] {
        assert!(!text.contains(secret) && !shown.to_string().contains(secret), "a secret is shown: {text}");
    }
}

#[tokio::test]
async fn wrong_settings_and_wrong_usage_end_with_exit_code_2_and_name_the_mistake() {
    let settings = [
        ("PIECEWORK__HTTP__PROT", "1", &["PIECEWORK__HTTP__PROT", "http.port"][..]),
        ("PIECEWORK_HTTP_PORT", "1", &["PIECEWORK_HTTP_PORT"]),
        ("PIECEWORK__HTTP__PORT", "http", &["PIECEWORK__HTTP__PORT", "whole number"]),
        ("PIECEWORK__HTTP__PORT", "65536", &["http.port"]),
        ("PIECEWORK_PROFILE", "produktion", &["PIECEWORK_PROFILE", "produktion", "production"]),
        ("PIECEWORK__BUS__KIND", "pigeon", &["bus.kind", "pigeon"]),
        ("PIECEWORK__ACCOUNTING__TIME_ZONE", "Mars/Olympus", &["time_zone", "Mars/Olympus"]),
        ("PIECEWORK__ACCOUNTING__CURRENCY", "XYZW", &["currency", "XYZW"]),
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://db/tracker", &["accounting.write_url"]),
    ];
    for (name, value, reasons) in settings {
        // This command checks the settings of every module and needs no database.
        let errors = without_data(&["openapi"]).env(name, value).finish().await.failed(2);
        for reason in reasons {
            assert!(errors.contains(reason), "{name}={value} is refused without {reason}: {errors}");
        }
    }
    let usages: [&[&str]; 9] = [
        &["fly"],
        &["--fly"],
        &["import"],
        &["import", "tasks"],
        &["people", "add", "--email", "a@example.org"],
        &["events", "retry"],
        &["config"],
        &["serve", "--modules", "tasks,flying"],
        &["serve", "--bus", "pigeon"],
    ];
    for usage in usages {
        let errors = without_data(usage).finish().await.failed(2);
        assert!(!errors.trim().is_empty(), "{usage:?} is refused without an error message");
    }
    let help = without_data(&["--help"]).finish().await.ok();
    assert!(help.contains("serve") && help.contains("import") && help.contains("Exit codes"));
}

#[tokio::test]
async fn a_missing_requirement_is_named_with_advice_and_the_exit_code_is_1() {
    let data = DataDirectory::new();
    let closed_port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let url = |database: &str| format!("postgres://me:hush-hush@{closed_port}/{database}");
    let unreachable = piecework(&data.path(), &["verify"])
        .env("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &url("tracker"))
        .env("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &url("accounting"));
    let errors = unreachable.finish().await.failed(1);
    assert!(errors.contains("the database tracker") && errors.contains("refused"), "{errors}");
    assert!(!errors.contains("hush"), "{errors}");

    let without_programs =
        |arguments: &[&str]| piecework(&data.path(), arguments).env("PIECEWORK__POSTGRES__BIN_DIR", "/nowhere/bin");
    let errors = without_programs(&["verify"]).finish().await.failed(1);
    assert!(errors.contains("/nowhere/bin"), "{errors}");
    let Outcome { code, stdout, .. } = without_programs(&["doctor", "--json"]).finish().await;
    assert_eq!(code, Some(1));
    let checks: Value = serde_json::from_str(&stdout).unwrap();
    let programs = checks.as_array().unwrap().iter().find(|check| check["name"] == "PostgreSQL's programs").unwrap();
    assert_eq!(programs["ok"], false);
    assert!(programs["advice"].as_str().unwrap().contains("PIECEWORK__POSTGRES__BIN_DIR"), "{programs}");

    let file = data.write("a file", "");
    let errors = piecework(&file, &["verify"]).finish().await.failed(1);
    assert!(errors.contains("a file"), "{errors}");
}

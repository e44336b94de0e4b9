//! Commands that need little or no data: the document, the settings, the doctor, and what is said when something is missing.

use serde_json::{Value, json};

use crate::ground::Ground;
use crate::program::{Outcome, Run, piecework, serve};

/// A run that comes to nothing before it touches a data directory.
fn bare(arguments: &[&str]) -> Run {
    piecework(std::path::Path::new("/nowhere/at/all"), arguments)
}

#[tokio::test]
async fn the_document_is_the_one_that_is_served_and_both_are_openapi() {
    let ground = Ground::new();
    let server = serve(&ground).await;
    let printed = bare(&["openapi"]).finish().await.json();
    assert_eq!(server.api.get("/openapi.json").await.ok(), printed);
    assert!(printed["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(printed["paths"]["/api/v1/tasks/{id}/complete"]["post"].is_object());
    // The doctor beside it, and a second server at the same port.
    let checks = doctor(&ground).finish().await.json();
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
    let taken = piecework(&ground.data_dir(), &["serve"]).env("PIECEWORK__HTTP__PORT", server.port());
    let complaints = taken.finish().await.failed(1);
    assert!(complaints.contains("cannot listen on") && complaints.contains(server.port()), "{complaints}");
    let failing = doctor(&ground).env("PIECEWORK__HTTP__PORT", server.port()).finish().await;
    assert_eq!(failing.code, Some(1));
    assert!(failing.stdout.contains("PIECEWORK__HTTP__PORT"), "advice: {}", failing.stdout);
    server.stop().await;
}

fn doctor(ground: &Ground) -> Run {
    piecework(&ground.data_dir(), &["doctor", "--json"])
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_is_no_failure() {
    let ground = Ground::new();
    for _ in 0..2 {
        let migrated = piecework(&ground.data_dir(), &["migrate", "--json"]).finish().await.json();
        assert_eq!(migrated, json!({ "migrated": true }));
    }
    assert!(piecework(&ground.data_dir(), &["verify"]).finish().await.ok().contains("All invariants hold."));
}

#[tokio::test]
async fn config_check_shows_what_holds_and_hides_secrets() {
    let set = |run: Run| {
        run.env("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://me:hush-hush@db1/tracker")
            .env("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://me@db2/accounting?password=hush-hush")
            .env("PIECEWORK__BUS__AMQP_URL", "amqp://me:hush-hush@mq1/%2f")
            .env("PIECEWORK__EMAIL__SMTP_URL", "smtps://me:hush-hush@mail")
            .env("PIECEWORK__AUTH__KEYS", "hush-hush,hush-hush")
            .env("PIECEWORK__HTTP__REQUEST_TIMEOUT_MS", "4321")
    };
    let text = set(bare(&["config", "check"])).finish().await.ok();
    assert!(text.contains("http.request_timeout_ms = 4321"), "{text}");
    assert!(text.contains("db1/tracker") && text.contains("# profile: test"), "{text}");
    let shown = set(bare(&["config", "check", "--json"])).finish().await.json();
    assert_eq!(shown["http"]["request_timeout_ms"], 4321);
    assert_eq!(shown["data_dir"], "/nowhere/at/all");
    assert!(!text.contains("hush") && !shown.to_string().contains("hush"), "a secret is shown: {text}");
}

#[tokio::test]
async fn wrong_settings_and_wrong_usage_end_with_2_and_say_where() {
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
        // It builds every module, which have a say as well, and needs no database.
        let complaints = bare(&["openapi"]).env(name, value).finish().await.failed(2);
        for reason in reasons {
            assert!(complaints.contains(reason), "{name}={value} is refused without {reason}: {complaints}");
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
        let complaints = bare(usage).finish().await.failed(2);
        assert!(!complaints.trim().is_empty(), "{usage:?} is refused without a word");
    }
    let help = bare(&["--help"]).finish().await.ok();
    assert!(help.contains("serve") && help.contains("import") && help.contains("Exit codes"));
}

#[tokio::test]
async fn what_is_missing_is_named_with_advice_and_the_exit_code_is_1() {
    let ground = Ground::new();
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let url = |database: &str| format!("postgres://me:hush-hush@{dead}/{database}");
    let unreachable = piecework(&ground.data_dir(), &["verify"])
        .env("PIECEWORK__DATABASES__TRACKER__WRITE_URL", &url("tracker"))
        .env("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", &url("accounting"));
    let complaints = unreachable.finish().await.failed(1);
    assert!(complaints.contains("the database tracker") && complaints.contains("refused"), "{complaints}");
    assert!(!complaints.contains("hush"), "{complaints}");

    let without_programs = |arguments: &[&str]| {
        piecework(&ground.data_dir(), arguments).env("PIECEWORK__POSTGRES__BIN_DIR", "/nowhere/bin")
    };
    let complaints = without_programs(&["verify"]).finish().await.failed(1);
    assert!(complaints.contains("/nowhere/bin"), "{complaints}");
    let Outcome { code, stdout, .. } = without_programs(&["doctor", "--json"]).finish().await;
    assert_eq!(code, Some(1));
    let checks: Value = serde_json::from_str(&stdout).unwrap();
    let programs = checks.as_array().unwrap().iter().find(|check| check["name"] == "PostgreSQL's programs").unwrap();
    assert_eq!(programs["ok"], false);
    assert!(programs["advice"].as_str().unwrap().contains("PIECEWORK__POSTGRES__BIN_DIR"), "{programs}");

    let file = ground.write("a file", "");
    let complaints = piecework(&file, &["verify"]).finish().await.failed(1);
    assert!(complaints.contains("a file"), "{complaints}");
}

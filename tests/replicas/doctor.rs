//! What `piecework doctor` says about the servers of PostgreSQL.

use harness::{Pair, Pooler, Settings, eventually, piecework};
use serde_json::Value;

/// The settings of an installation whose databases are on the pair.
async fn settings_on(pair: &Pair) -> Settings {
    let mut settings = Settings::new();
    for name in ["TRACKER", "ACCOUNTING"] {
        let database = pair.database().await;
        settings.push((format!("PIECEWORK__DATABASES__{name}__WRITE_URL"), pair.primary_url(&database)));
        // All servers, the primary among them.
        let all = format!("{},{}", pair.primary_url(&database), pair.standby_url(&database));
        settings.push((format!("PIECEWORK__DATABASES__{name}__READ_URLS"), all));
    }
    settings
}

/// The exit code and the checks of the doctor.
async fn doctor(settings: &Settings) -> (Option<i32>, Vec<Value>) {
    let data = tempfile::tempdir().unwrap();
    let outcome = piecework(data.path(), &["doctor", "--json"]).settings(settings).finish().await;
    (outcome.code, serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no checks: {outcome:?}")))
}

async fn migrate(settings: &Settings) {
    let data = tempfile::tempdir().unwrap();
    piecework(data.path(), &["migrate"]).settings(settings).finish().await.ok();
}

/// What was found by the checks of this name, with the mark of a warning.
fn found(checks: &[Value], name: &str) -> Vec<(String, bool)> {
    let named = checks.iter().filter(|check| check["name"] == name);
    let found = named.map(|check| (check["found"].as_str().unwrap().to_owned(), check["warning"] == true));
    found.collect()
}

#[tokio::test]
async fn the_doctor_warns_of_a_failover_that_loses_commands_and_of_a_server_with_too_few_connections() {
    let pair = Pair::start().await;
    let mut settings = settings_on(&pair).await;
    migrate(&settings).await;
    let (code, checks) = doctor(&settings).await;
    // The servers of the tests do not wait for the disk.
    let warnings = found(&checks, "durability of tracker");
    for expected in ["fsync is off", "full_page_writes is off", "a standby is attached, and none is synchronous"] {
        assert!(warnings.contains(&(expected.to_owned(), true)), "{expected}: {checks:#?}");
    }
    assert_eq!(found(&checks, "sessions of tracker"), [("keep their settings".to_owned(), false)]);
    assert_eq!(found(&checks, "replica 1 of tracker"), [("is the primary at present".to_owned(), false)]);
    assert_eq!(found(&checks, "replica 2 of tracker"), [("answers reads".to_owned(), false)]);
    assert_eq!(code, Some(0), "a warning is no failure: {checks:#?}");
    let connections = format!("connections of 127.0.0.1:{}", pair.primary_port());
    assert!(matches!(&found(&checks, &connections)[..], [(_, false)]), "{checks:#?}");

    pair.set_on_primary("synchronous_standby_names", "*").await;
    settings.push(("PIECEWORK__DATABASES__ACCOUNTING__WRITE_CONNECTIONS".to_owned(), "400".to_owned()));
    eventually("the standby is synchronous", async || {
        let (_, checks) = doctor(&settings).await;
        let warnings = found(&checks, "durability of tracker");
        let is_warned = warnings.iter().any(|(found, _)| found.contains("standby is attached"));
        let [(connections, is_too_many)] = &found(&checks, &connections)[..] else { panic!("{checks:#?}") };
        assert!(*is_too_many && connections.ends_with("that fit: 0"), "{connections}");
        (!is_warned).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_pooler_that_drops_the_settings_of_sessions_is_refused_at_the_start_and_named_by_the_doctor() {
    let tracker = harness::tracker().await;
    let accounting = harness::accounting().await;
    let pooler = Pooler::to(tracker.options().get_port()).await;
    let direct: Settings = vec![
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL".to_owned(), tracker.url()),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL".to_owned(), accounting.url()),
    ];
    let mut pooled = direct.clone();
    pooled[0].1 = pooler.instead_of(&tracker.url());
    let (_, checks) = doctor(&direct).await;
    assert_eq!(found(&checks, "sessions of tracker"), [("keep their settings".to_owned(), false)]);
    let (code, checks) = doctor(&pooled).await;
    assert_eq!(code, Some(1));
    let [(text, false)] = &found(&checks, "sessions of tracker")[..] else { panic!("{checks:#?}") };
    assert!(text.contains("PgBouncer") && text.contains("lock_timeout = 20s"), "{text}");
    for command in ["serve", "verify"] {
        let data = tempfile::tempdir().unwrap();
        let errors = piecework(data.path(), &[command]).settings(&pooled).finish().await.failed(2);
        assert!(errors.contains("databases.tracker.write_url leads to a pooler"), "{errors}");
    }
}

#[tokio::test]
async fn a_pooler_that_refuses_a_parameter_of_sessions_is_a_wrong_setting_and_no_outage() {
    let tracker = harness::tracker().await;
    let accounting = harness::accounting().await;
    // Every session of the program has the first parameter. Those of modules have both.
    for parameter in ["extra_float_digits", "options"] {
        let pooler = Pooler::refusing(parameter, tracker.options().get_port()).await;
        let pooled: Settings = vec![
            ("PIECEWORK__DATABASES__TRACKER__WRITE_URL".to_owned(), pooler.instead_of(&tracker.url())),
            ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL".to_owned(), accounting.url()),
        ];
        let reason = format!("unsupported startup parameter: {parameter}");
        let (code, checks) = doctor(&pooled).await;
        assert_eq!(code, Some(1));
        let is_named = |check: &serde_json::Value| {
            let found = check["found"].as_str().unwrap();
            found.contains("a pooler, such as PgBouncer") && found.contains(&reason)
        };
        assert!(checks.iter().any(is_named), "{checks:#?}");
        for command in ["serve", "verify"] {
            let data = tempfile::tempdir().unwrap();
            let errors = piecework(data.path(), &[command]).settings(&pooled).finish().await.failed(2);
            assert!(errors.contains("databases.tracker.write_url leads to a pooler") && errors.contains(&reason));
        }
    }
}

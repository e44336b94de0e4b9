//! What settings are taken, and how those that are not are named.

use std::collections::BTreeMap;

use ::config::{File, FileFormat, Source};

use super::sources::{Known, flatten};
use super::{DEFAULTS, Error, Loaded, PROFILE_VARIABLE, PROFILES, load_from};
use crate::hosting::Hosting;
use crate::modules::TABLE;

fn load_with(variables: &[(&str, &str)]) -> Result<Loaded, Error> {
    load_from(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), &[])
}

fn error_of(variables: &[(&str, &str)]) -> String {
    load_with(variables).err().expect("settings that are refused").to_string()
}

#[test]
fn every_profile_can_be_read() {
    for (profile, _) in PROFILES {
        let loaded = load_with(&[(PROFILE_VARIABLE, profile)]).unwrap();
        assert_eq!(loaded.profile, profile);
    }
    assert!(error_of(&[(PROFILE_VARIABLE, "staging")]).contains("development, test, production"));
}

#[test]
fn a_profile_sets_only_what_the_reference_names() {
    let known = Known::read().unwrap();
    for (profile, text) in PROFILES {
        let mut keys = BTreeMap::new();
        for (key, value) in File::from_str(text, FileFormat::Toml).collect().unwrap() {
            flatten(key, value, &mut keys);
        }
        for key in keys.keys() {
            assert!(known.0.contains_key(key), "{profile}.toml sets {key}, which default.toml does not explain");
        }
    }
}

#[test]
fn every_key_of_the_reference_has_a_comment() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        match line.trim() {
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            // A section goes on with the comment above it, and lines below a comment share it.
            section if section.starts_with('[') => {}
            key if key.starts_with("read_connections") || key.starts_with("write_connections") => {}
            key if DEFAULTS.matches(key).count() > 1 => {}
            key => assert!(explained, "no comment above {key}"),
        }
    }
}

#[test]
fn the_environment_overrides_the_files() {
    let loaded = load_with(&[("PIECEWORK__HTTP__PORT", "18080"), ("HOME", "/root")]).unwrap();
    assert_eq!(loaded.config.http.port, 18_080);
    assert_eq!(loaded.config.http.public_url(18_080), "http://127.0.0.1:18080");
}

#[test]
fn a_list_is_separated_by_commas() {
    let loaded = load_with(&[
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a:b@c/tracker"),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://a:b@c/accounting"),
        ("PIECEWORK__DATABASES__TRACKER__READ_URLS", "postgres://r1/tracker, postgres://r2/tracker"),
    ]);
    assert_eq!(loaded.unwrap().config.databases.tracker.read_urls, ["postgres://r1/tracker", "postgres://r2/tracker"]);
}

#[test]
fn an_unknown_key_is_named_with_its_source() {
    let error = error_of(&[("PIECEWORK__HTTP__PROT", "1")]);
    assert_eq!(
        error,
        "environment variable PIECEWORK__HTTP__PROT: there is no setting `http.prot`; did you mean `http.port`?"
    );
    assert!(error_of(&[("PIECEWORK_HTTP_PORT", "1")]).contains("PIECEWORK_HTTP_PORT"));
}

#[test]
fn a_wrong_value_is_named_with_its_source() {
    for (name, value, named) in [
        ("PIECEWORK__HTTP__PORT", "high", "http.port"),
        ("PIECEWORK__HTTP__PORT", "70000", "http.port"),
        ("PIECEWORK__HTTP__WORKERS", "-1", "http.workers"),
        ("PIECEWORK__BUS__KIND", "pigeon", "bus.kind"),
        ("PIECEWORK__TELEMETRY__FORMAT", "xml", "telemetry.format"),
    ] {
        let error = error_of(&[(name, value)]);
        assert!(error.contains(name) && error.contains(named), "{error}");
    }
}

#[test]
fn one_database_without_the_other_is_refused() {
    let error = error_of(&[("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a/b")]);
    assert!(error.contains("databases.accounting.write_url"), "{error}");
}

#[test]
fn too_few_connections_are_refused() {
    for (variable, key, value) in [
        ("PIECEWORK__DATABASES__TRACKER__WRITE_CONNECTIONS", "databases.tracker.write_connections", "6"),
        ("PIECEWORK__DATABASES__ACCOUNTING__READ_CONNECTIONS", "databases.accounting.read_connections", "0"),
    ] {
        let error = error_of(&[(variable, value)]);
        assert!(error.contains(key) && error.contains("at least"), "{error}");
    }
    assert!(load_with(&[("PIECEWORK__DATABASES__TRACKER__WRITE_CONNECTIONS", "7")]).is_ok());
}

#[test]
fn a_bus_that_cannot_be_found_is_refused() {
    let with_url = |url: &'static str| [("PIECEWORK__BUS__KIND", "rabbitmq"), ("PIECEWORK__BUS__AMQP_URL", url)];
    for (url, reason) in [
        ("", "is not set"),
        ("mq1:5672", "begins with amqp://"),
        ("http://mq1/%2f", "begins with amqp://"),
        ("amqp://me:hush@mq1:99999/%2f", "is no AMQP URL"),
        ("amqp://me:hush@mq1/%2f?heartbeat=often", "is no AMQP URL"),
        ("amqp://me:hush@mq1/", "names no virtual host"),
    ] {
        let error = error_of(&with_url(url));
        assert!(error.contains("`bus.amqp_url`") && error.contains(reason), "{url}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let place = |url| load_with(&with_url(url)).unwrap().config.bus.address().unwrap().place();
    assert_eq!(place("amqp://mq1"), "mq1:5672");
    assert_eq!(place("amqps://me:hu%40sh@mq1/jobs"), "mq1:5671");
    assert_eq!(place("amqp://me:hush@[::1]:5673/%2f"), "::1:5673");
    assert!(error_of(&[("PIECEWORK__BUS__PREFIX", "a b")]).contains("`bus.prefix`"));
    assert!(load_with(&[("PIECEWORK__BUS__AMQP_URL", "nobody asks")]).is_ok());
}

const TRACKER: (&str, &str) = ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a/tracker");
const ACCOUNTING: (&str, &str) = ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://b/accounting");
const RABBITMQ: [(&str, &str); 2] =
    [("PIECEWORK__BUS__KIND", "rabbitmq"), ("PIECEWORK__BUS__AMQP_URL", "amqp://mq1/%2f")];

#[test]
fn the_reference_knows_every_module() {
    let known = Known::read().unwrap();
    for entry in &TABLE {
        assert!(known.0.contains_key(&format!("modules.{}.url", entry.name)), "{}", entry.name);
    }
}

#[test]
fn some_of_the_modules_need_a_bus_and_the_databases_of_theirs() {
    let hosted = |names: &'static str| ("PIECEWORK__MODULES__HOSTED", names);
    let error = error_of(&[hosted("tasks,flying")]);
    assert!(error.contains("`flying`") && error.contains("identity, tasks, accounting, email, analytics"), "{error}");
    let error = error_of(&[hosted("identity,tasks"), TRACKER]);
    assert!(error.contains("`bus.kind`") && error.contains("leaves out accounting, email, analytics"), "{error}");

    let with_bus = |names, databases: &[(&'static str, &'static str)]| {
        let settings = [&RABBITMQ[..], &[hosted(names)], databases].concat();
        load_with(&settings).map(|loaded| loaded.config.modules.hosting().unwrap())
    };
    for (names, databases, missing) in [
        ("identity,tasks", &[][..], "databases.tracker.write_url"),
        ("accounting", &[ACCOUNTING], "databases.tracker.write_url"),
        ("accounting", &[TRACKER], "databases.accounting.write_url"),
        ("analytics", &[TRACKER], "databases.accounting.write_url"),
        // All of them are one process again.
        ("identity,tasks,accounting,email,analytics", &[TRACKER], "databases.accounting.write_url"),
    ] {
        let error = with_bus(names, databases).expect_err("a database is missing").to_string();
        assert!(error.contains(missing) && error.contains("is not set"), "{names}: {error}");
    }
    assert_eq!(with_bus("identity,tasks", &[TRACKER]).unwrap().names(), ["identity", "tasks"]);
    assert_eq!(with_bus("email", &[TRACKER, ACCOUNTING]).unwrap().names(), ["email"]);
    assert_eq!(load_with(&[hosted("")]).unwrap().config.modules.hosting().unwrap(), Hosting::all());
}

#[test]
fn a_place_that_cannot_be_gone_to_is_refused() {
    let with_url = |url: &'static str| [("PIECEWORK__MODULES__TASKS__URL", url)];
    for url in [
        "tasks1",
        "tasks1:8080",
        "ftp://tasks1",
        "http://",
        "http://tasks1:port",
        "http://tasks1:99999",
        "http://a b",
        "http://me:hush@tasks1",
        "http://tasks1/api",
        "http://tasks1/?x",
        "/api",
    ] {
        let error = error_of(&with_url(url));
        assert!(error.contains("`modules.tasks.url`") && error.contains("http://"), "{url}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
    for url in ["http://tasks1", "http://tasks1:8080/", "https://[::1]:8443", "HTTP://tasks1"] {
        let config = load_with(&with_url(url)).unwrap().config;
        assert!(config.modules.url_of("tasks").unwrap().is_some(), "{url}");
        assert_eq!(config.modules.url_of("email").unwrap(), None);
    }
    assert!(error_of(&[("PIECEWORK__MODULES__FLYING__URL", "http://a")]).contains("modules.flying.url"));
}

#[test]
fn no_secret_is_shown() {
    let shown = load_with(&[
        ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://me:hush1@db/tracker"),
        ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://db/accounting?user=me&password=hush2"),
        ("PIECEWORK__DATABASES__TRACKER__READ_URLS", "postgres://me:hu@sh3@replica/tracker"),
        ("PIECEWORK__BUS__AMQP_URL", "amqp://me:hush4@mq/%2f"),
    ]);
    let shown = shown.unwrap().shown.to_string();
    assert!(shown.contains("postgres://me:(hidden)@db/tracker"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("sh3"), "{shown}");
}

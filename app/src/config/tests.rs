//! Which settings are allowed, and how an error names those that are not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use ::config::{File, FileFormat, Source};

use super::load::read_environment;
use super::profiles::{DEFAULTS, PROFILE_VARIABLE, PROFILES};
use super::sources::{Known, flatten};
use super::{Error, Loaded, load_from};

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
            // A comment above a section holds for its first key, and lines below a comment share
            // it.
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
fn an_ipv6_address_to_listen_on_may_be_in_brackets() {
    for (host, listens_on, url) in [
        ("::1", "::1", "http://[::1]:80"),
        ("[::1]", "::1", "http://[::1]:80"),
        ("::", "::", "http://[::1]:80"),
        ("[::]", "::", "http://[::1]:80"),
        ("0:0:0:0:0:0:0:1", "0:0:0:0:0:0:0:1", "http://[::1]:80"),
        ("0.0.0.0", "0.0.0.0", "http://127.0.0.1:80"),
        ("10.0.0.7", "10.0.0.7", "http://10.0.0.7:80"),
        ("tracker.example.org", "tracker.example.org", "http://tracker.example.org:80"),
    ] {
        let http = load_with(&[("PIECEWORK__HTTP__HOST", host)]).unwrap().config.http;
        assert_eq!((http.host(), http.public_url(80).as_str()), (listens_on, url), "{host}");
    }
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
fn too_few_connections_are_refused() {
    for (variable, key, value) in [
        ("PIECEWORK__DATABASES__TRACKER__WRITE_CONNECTIONS", "databases.tracker.write_connections", "6"),
        ("PIECEWORK__DATABASES__ACCOUNTING__READ_CONNECTIONS", "databases.accounting.read_connections", "2"),
    ] {
        let error = error_of(&[(variable, value)]);
        assert!(error.contains(key) && error.contains("at least"), "{error}");
    }
    assert!(load_with(&[("PIECEWORK__DATABASES__TRACKER__WRITE_CONNECTIONS", "7")]).is_ok());
}

#[test]
fn an_authority_that_no_certificate_is_checked_against_is_refused() {
    let load = |query: &str| {
        let variables = ["TRACKER", "ACCOUNTING"].map(|name| {
            (format!("PIECEWORK__DATABASES__{name}__WRITE_URL"), format!("postgres://me:hush@db/{name}?{query}"))
        });
        load_with(&variables.each_ref().map(|(name, value)| (name.as_str(), value.as_str())))
    };
    for query in ["sslrootcert=/ca.pem", "sslmode=require&sslrootcert=/ca.pem", "ssl-ca=/ca.pem&sslmode=disable"] {
        let error = load(query).err().unwrap().to_string();
        assert!(error.contains("`databases.tracker.write_url`") && error.contains("verify-full"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
    for query in ["sslmode=verify-full&sslrootcert=/ca.pem", "sslrootcert=/ca.pem&sslmode=verify-ca", "sslmode=require"]
    {
        assert!(load(query).is_ok(), "{query}");
    }
}

#[test]
fn an_address_of_a_broker_that_cannot_be_used_is_refused() {
    let with_url = |url: &'static str| [("PIECEWORK__BUS__KIND", "rabbitmq"), ("PIECEWORK__BUS__AMQP_URL", url)];
    for (url, reason) in [
        ("", "is not set"),
        ("mq1:5672", "begins with amqp://"),
        ("http://mq1/%2f", "begins with amqp://"),
        ("amqp://me:hush@mq1:99999/%2f", "is no AMQP URL"),
        ("amqp://me:hush@mq1/%2f?heartbeat=often", "is no AMQP URL"),
        ("amqp://me:hush@mq1/", "names no virtual host"),
    ] {
        let error = load_with(&with_url(url)).unwrap().config.bus.address().err().unwrap().to_string();
        assert!(error.contains("`bus.amqp_url`") && error.contains(reason), "{url}: {error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let place = |url| load_with(&with_url(url)).unwrap().config.bus.address().unwrap().host_and_port();
    assert_eq!(place("amqp://mq1"), "mq1:5672");
    assert_eq!(place("amqps://me:hu%40sh@mq1/jobs"), "mq1:5671");
    assert_eq!(place("amqp://me:hush@[::1]:5673/%2f"), "::1:5673");
    assert!(error_of(&[("PIECEWORK__BUS__PREFIX", "a b")]).contains("`bus.prefix`"));
    assert!(load_with(&[("PIECEWORK__BUS__AMQP_URL", "not used")]).is_ok());
}

#[test]
fn a_url_of_a_module_that_names_no_process_is_refused() {
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
        ("PIECEWORK__SSO__CLIENT_SECRET", "hush5"),
    ]);
    let shown = shown.unwrap().shown.to_string();
    assert!(shown.contains("postgres://me:(hidden)@db/tracker"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("sh3"), "{shown}");
}

#[test]
fn a_public_url_that_no_link_can_begin_with_is_refused() {
    for url in [
        "ftp://a",
        "piecework.example.org",
        "http://",
        "https://a b",
        "https://a:99999",
        "https://me:hush@a",
        "https://a/?x",
        "https://a/#x",
        "https://a/\r\nBcc: b",
        "https://b\u{fc}cher.example",
    ] {
        let error = error_of(&[("PIECEWORK__HTTP__PUBLIC_URL", url)]);
        assert!(error.contains("`http.public_url`") && !error.contains("hush"), "{url}: {error}");
    }
    for url in ["https://a", "http://a:8080/", "https://[::1]:8443", "https://a.example/piecework", "HTTPS://a"] {
        assert!(load_with(&[("PIECEWORK__HTTP__PUBLIC_URL", url)]).is_ok(), "{url}");
    }
}

#[test]
fn a_setting_that_is_not_text_is_refused_and_other_variables_are_ignored() {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let read = |name: &[u8], value: &[u8]| read_environment([(bytes(name), bytes(value))].into_iter());
    for (name, value) in [
        (&b"PIECEWORK__HTTP__HOST"[..], &b"\xff"[..]),
        (b"PIECEWORK_PROFILE", b"prod\xffuction"),
        (b"PIECEWORK__HTTP__H\xffST", b"a"),
        (b"PIECEWORK_\xff", b""),
    ] {
        let error = read(name, value).unwrap_err().to_string();
        assert!(error.contains("PIECEWORK_") && error.contains("not UTF-8"), "{error}");
    }
    assert_eq!(read(b"LESS", b"\xff").unwrap(), BTreeMap::new());
    assert_eq!(read(b"\xff", b"a").unwrap(), BTreeMap::new());
    assert_eq!(read(b"PIECEWORK__HTTP__HOST", "\u{fc}".as_bytes()).unwrap().len(), 1);
}

#[test]
fn a_limit_is_a_number_and_0_switches_it_off() {
    let limits = load_with(&[("PIECEWORK__LIMITS__COMMANDS_PER_PERSON_PER_MINUTE", "0")]).unwrap().config.limits;
    assert_eq!((limits.commands_per_person_per_minute, limits.unfinished_reassigns_per_person), (0, 1));
    for value in ["-1", "1000001", "many"] {
        let error = error_of(&[("PIECEWORK__LIMITS__EVENT_STREAMS_PER_PERSON", value)]);
        assert!(error.contains("limits.event_streams_per_person"), "{error}");
    }
    let in_tests = load_with(&[(PROFILE_VARIABLE, "test")]).unwrap().config.limits;
    assert_eq!((in_tests.commands_per_person_per_minute, in_tests.failed_logins_per_address_per_minute), (0, 0));
}

#[test]
fn a_trusted_proxy_is_a_network_or_an_address() {
    let networks = |text| load_with(&[("PIECEWORK__HTTP__TRUSTED_PROXIES", text)]);
    let loaded = networks("10.1.0.0/16, ::1").unwrap().config.http.trusted_networks().unwrap();
    assert_eq!(loaded.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.1.0.0/16", "::1/128"]);
    assert!(networks("").unwrap().config.http.trusted_networks().unwrap().is_empty());
    for wrong in ["10.1.0.0/33", "proxy.example.org", "10.1.0.0/16 10.2.0.0/16"] {
        let error = error_of(&[("PIECEWORK__HTTP__TRUSTED_PROXIES", wrong)]);
        assert!(error.contains("http.trusted_proxies") && error.contains(wrong), "{error}");
    }
}

//! `config check` refuses what `serve` refuses, and the profile production what suits only a try.

use harness::{Run, piecework};

/// A run that must not use its data directory.
fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Run {
    let run = piecework(std::path::Path::new("/nowhere/at/all"), arguments);
    settings.iter().fold(run, |run, (name, value)| run.env(&format!("PIECEWORK{name}"), value))
}

/// Asserts that each command refuses the settings before it does anything, with the same text.
async fn assert_refused(settings: &[(&str, &str)], reasons: &[&str]) {
    let checked = run(&["config", "check"], settings).finish().await.failed(2);
    for reason in reasons {
        assert!(checked.contains(reason), "{settings:?} is refused without {reason}: {checked}");
    }
    for command in [&["serve"][..], &["doctor"], &["verify"]] {
        assert_eq!(run(command, settings).finish().await.failed(2), checked, "{command:?} with {settings:?}");
    }
}

#[tokio::test]
async fn every_command_refuses_what_serve_refuses() {
    for (name, value, reason) in [
        ("__ACCOUNTING__CURRENCY", "XYZW", "accounting.currency"),
        ("__ACCOUNTING__CURRENCY", "XAU", "accounting.currency"),
        ("__ACCOUNTING__TIME_ZONE", "Mars/Olympus", "accounting.time_zone"),
        ("__ACCOUNTING__PRICING__FEE_MIN", "21", "accounting.pricing.fee_min"),
        ("__ACCOUNTING__PRICING__FEE_MIN", "0", "accounting.pricing.fee_min"),
        ("__ACCOUNTING__PRICING__REWARD_MAX", "1000001", "accounting.pricing.reward_min"),
        ("__EMAIL__FROM", "nobody", "email.from"),
        ("__EMAIL__MAX_ATTEMPTS", "0", "email.max_attempts"),
        ("__EMAIL__MESSAGE_ID_DOMAIN", "a b", "email.message_id_domain"),
        ("__HTTP__PUBLIC_URL", "ftp://a", "http.public_url"),
        ("__AUTH__ACCESS_TOKEN_S", "86401", "access_token_s"),
        ("__AUTH__REFRESH_TOKEN_S", "1", "refresh_token_s"),
        ("__AUTH__LINK_S", "0", "link_s"),
        ("__AUTH__PASSWORD_RESET_LINK_S", "86401", "password_reset_link_s"),
        ("__AUTH__LINK_MAILS_PER_HOUR", "0", "link_mails_per_hour"),
        ("__AUTH__API_TOKEN_DAYS_MAX", "3661", "api_token_days_max"),
        ("__AUTH__HASHING_CONCURRENCY", "0", "hashing_concurrency"),
        ("__AUTH__KEYS", "no key", "auth.keys"),
        ("__TELEMETRY__LOG", "info,,=", "telemetry.log"),
        ("__TELEMETRY__METRICS_LISTEN", "9464", "telemetry.metrics_listen"),
        ("__TELEMETRY__OTLP_URL", "collector:4318", "telemetry.otlp_url"),
        ("__TELEMETRY__OTLP_URL", "grpc://collector:4317", "telemetry.otlp_url"),
        ("__TELEMETRY__OTLP_URL", "http://collector:4318/?token=a", "telemetry.otlp_url"),
        ("__TELEMETRY__TRACE_SAMPLE_RATIO", "1.5", "telemetry.trace_sample_ratio"),
        ("__TELEMETRY__TRACE_SAMPLE_RATIO", "NaN", "telemetry.trace_sample_ratio"),
        ("__TELEMETRY__TRACE_SAMPLE_RATIO", "half", "telemetry.trace_sample_ratio"),
        ("__HTTP__DRAIN_MS", "600001", "http.drain_ms"),
    ] {
        assert_refused(&[(name, value)], &[reason]).await;
    }
    for (url, reason) in [
        ("postgres://db1/tracker?connect_timeout=3", "unknown parameter `connect_timeout`"),
        ("postgres://db1,db2/tracker?target_session_attrs=read-write", "unknown parameter `target_session_attrs`"),
        ("mysql://db1/tracker", "is no PostgreSQL URL"),
    ] {
        for (name, key) in [("WRITE_URL", "write_url"), ("READ_URLS", "read_urls")] {
            let (name, key) = (format!("__DATABASES__TRACKER__{name}"), format!("databases.tracker.{key}"));
            // The commas of a list separate its URLs.
            let url = if key.ends_with("urls") { url.replace("db1,db2", "db1") } else { url.to_owned() };
            assert_refused(&[(name.as_str(), url.as_str())], &[key.as_str(), reason]).await;
        }
    }
    for url in ["", "http://mail", "smtp://"] {
        assert_refused(&[("__EMAIL__TRANSPORT", "smtp"), ("__EMAIL__SMTP_URL", url)], &["email.smtp_url"]).await;
    }
}

/// Settings of an installation that asks for nothing by name.
const INSTALLATION: [(&str, &str); 6] = [
    ("_PROFILE", "production"),
    ("__HTTP__PUBLIC_URL", "https://piecework.example.org"),
    ("__DATABASES__TRACKER__WRITE_URL", "postgres://db1/tracker"),
    ("__DATABASES__ACCOUNTING__WRITE_URL", "postgres://db2/accounting"),
    ("__EMAIL__TRANSPORT", "smtp"),
    ("__EMAIL__SMTP_URL", "smtps://mail.example.org"),
];

#[tokio::test]
async fn the_profile_production_refuses_what_is_not_asked_for_by_name() {
    let all = ["allow.embedded_postgres", "allow.mail_to_files", "allow.http_public_url"];
    assert_refused(&[("_PROFILE", "production")], &all).await;
    run(&["config", "check"], &INSTALLATION).finish().await.ok();
    for (change, allow, allowing) in [
        (
            &[("__DATABASES__TRACKER__WRITE_URL", ""), ("__DATABASES__ACCOUNTING__WRITE_URL", "")][..],
            "allow.embedded_postgres",
            "__ALLOW__EMBEDDED_POSTGRES",
        ),
        (&[("__EMAIL__TRANSPORT", "file")], "allow.mail_to_files", "__ALLOW__MAIL_TO_FILES"),
        (&[("__HTTP__PUBLIC_URL", "")], "allow.http_public_url", "__ALLOW__HTTP_PUBLIC_URL"),
        (&[("__HTTP__PUBLIC_URL", "http://a")], "allow.http_public_url", "__ALLOW__HTTP_PUBLIC_URL"),
        (&[("__EMAIL__SMTP_URL", "smtp://mail?tls=none")], "allow.clear_text_mail", "__ALLOW__CLEAR_TEXT_MAIL"),
        (&[("__EMAIL__SMTP_URL", "smtp://mail?%74ls=%6eone")], "allow.clear_text_mail", "__ALLOW__CLEAR_TEXT_MAIL"),
    ] {
        let changed = [&INSTALLATION[..], change].concat();
        let errors = run(&["config", "check"], &changed).finish().await.failed(2);
        let named: Vec<&str> = errors.match_indices("allow.").map(|(at, _)| &errors[at..]).collect();
        assert!(named.len() == 1 && named[0].starts_with(allow), "{change:?}: {errors}");
        assert_eq!(run(&["serve"], &changed).finish().await.failed(2), errors);
        let allowed = [&changed[..], &[(allowing, "true")]].concat();
        let outcome = run(&["config", "check"], &allowed).finish().await;
        // Which URLs of a mail server are valid is the matter of the module email.
        let is_refused = outcome.code != Some(0) && !outcome.stderr.contains("email.smtp_url cannot be used");
        assert!(!is_refused, "{allowed:?}: {outcome:?}");
    }
    // A process that sends no mail needs no mail server, and the document of the API no settings.
    let without_mail = [
        ("__EMAIL__TRANSPORT", "file"),
        ("__MODULES__HOSTED", "tasks"),
        ("__BUS__KIND", "rabbitmq"),
        ("__BUS__AMQP_URL", "amqp://mq1"),
    ];
    run(&["config", "check"], &[&INSTALLATION[..], &without_mail].concat()).finish().await.ok();
    run(&["openapi"], &[("_PROFILE", "production")]).finish().await.ok();
}

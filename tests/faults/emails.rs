//! The command for parked mail, and the settings of the mail server.

use harness::piecework;
use serde_json::json;

use crate::data_directory::DataDirectory;

#[tokio::test]
async fn parked_mail_is_queued_again_by_one_command() {
    let data = DataDirectory::new();
    let server = data.serve().await;
    let mut accounting = data.postgres().connect("accounting").await;
    let park = "insert into email.mails
        (id, kind, person_id, business_day, event_id, message_id, data, state, attempts, next_attempt_at, created_at)
        select gen_random_uuid(), 'payout_statement', gen_random_uuid(), '2026-11-21', gen_random_uuid(),
            '<parked@piecework.local>', $1, 'parked', 30, now(), now()
        from generate_series(1, 3)";
    let payout = json!({
        "transfer_id": uuid::Uuid::nil(), "person_id": uuid::Uuid::nil(), "amount_minor": 1, "opening_balance_minor": 0,
        "lines_total": 0, "lines": [],
    });
    let statement = json!({ "currency": "USD", "currency_exponent": 2, "payout": payout });
    sqlx::query(park).bind(statement).execute(&mut accounting).await.unwrap();

    let resend = async || piecework(&data.path(), &["emails", "resend", "--parked", "--json"]).finish().await.json();
    assert_eq!(resend().await, json!({ "queued": 3 }));
    assert_eq!(resend().await, json!({ "queued": 0 }));
    let text = piecework(&data.path(), &["emails", "resend", "--parked"]).finish().await.ok();
    assert_eq!(text.trim(), "Parked mails that are queued again: 0");
    piecework(&data.path(), &["emails", "resend"]).finish().await.failed(2);
    server.stop().await;
}

#[tokio::test]
async fn config_check_and_serve_refuse_the_same_mail_servers() {
    let refused = [
        ("SMTP_URL", "smtp://me:hush@mail?TLS=required", "the parameter TLS"),
        ("SMTP_URL", "smtp://me:hush@mail?tls=maybe", "the parameter tls"),
        ("SMTP_URL", "smtp://me@mail", "email.smtp_url"),
        ("SMTP_URL", "mail.example.org:25", "email.smtp_url"),
        ("SMTP_URL", "", "email.smtp_url is needed"),
        ("SMTP_CA_FILE", "/nowhere/at/all.pem", "email.smtp_ca_file"),
        ("HELO_NAME", "two words", "email.helo_name"),
    ];
    let data = DataDirectory::new();
    for (key, value, reason) in refused {
        for command in [&["config", "check"][..], &["openapi"], &["serve"]] {
            let run = piecework(&data.path(), command)
                .env("PIECEWORK__EMAIL__TRANSPORT", "smtp")
                .env("PIECEWORK__EMAIL__SMTP_URL", "smtps://mail.example.org")
                .env(&format!("PIECEWORK__EMAIL__{key}"), value);
            let errors = run.finish().await.failed(2);
            assert!(errors.contains(reason) && !errors.contains("hush"), "{command:?} {key}={value}: {errors}");
        }
    }
    let accepted = ["smtp://me:hush@mail", "smtp://mail?tls=none", "smtps://[::1]:465?tls=required"];
    for url in accepted {
        for command in [&["config", "check"][..], &["openapi"]] {
            let run = piecework(&data.path(), command)
                .env("PIECEWORK__EMAIL__TRANSPORT", "smtp")
                .env("PIECEWORK__EMAIL__SMTP_URL", url);
            assert!(!run.finish().await.ok().contains("hush"), "{url}");
        }
    }
}

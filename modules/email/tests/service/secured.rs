//! Nothing is sent in clear text unless the URL asks for it, and EHLO names this installation.

use std::path::PathBuf;

use email::{Email, MailState, Settings};

use crate::fixture::{Fixture, plain_url, smtp};
use crate::smtp_server::{Action, Behaviour, CA_FILE, Encryption, SmtpServer, Step};

/// Settings for a server with the certificate of the tests' authority.
fn trusting(url: &str) -> Settings {
    Settings { smtp_ca_file: Some(CA_FILE.to_owned()), ..smtp(url) }
}

fn url(scheme: &str, server: &SmtpServer) -> String {
    format!("{scheme}://user:s3cret@localhost:{}", server.address.port())
}

fn assert_nothing_in_clear_text(server: &SmtpServer) {
    for command in server.commands() {
        let is_harmless = ["EHLO", "STARTTLS", "QUIT", "tls "].iter().any(|start| command.starts_with(start));
        assert!(is_harmless, "sent in clear text: {command}");
    }
}

#[tokio::test]
async fn smtp_requires_starttls_before_anything_else_is_sent() {
    let server = SmtpServer::start_with(Encryption::StartTls).await;
    let fixture = Fixture::with_one_mail(trusting(&url("smtp", &server))).await;
    fixture.send_all().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_nothing_in_clear_text(&server);
    let commands = server.commands();
    let verbs: Vec<&str> = commands.iter().map(|command| command.split([' ', ':']).next().unwrap()).collect();
    assert_eq!(verbs[..3], ["EHLO", "STARTTLS", "tls"], "{commands:?}");
    assert!(commands[2].starts_with("tls EHLO") && commands[3].starts_with("tls AUTH PLAIN "), "{commands:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn smtps_encrypts_from_the_start() {
    let server = SmtpServer::start_with(Encryption::Implicit).await;
    let fixture = Fixture::with_one_mail(trusting(&url("smtps", &server))).await;
    fixture.send_all().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert!(server.commands().iter().all(|command| command.starts_with("tls ")));
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_one_mail(trusting(&url("smtp", &server))).await;
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Queued).await;
    assert!(reason.contains("STARTTLS") && reason.contains("tls=none"), "{reason}");
    assert_nothing_in_clear_text(&server);
}

#[tokio::test]
async fn a_server_that_refuses_or_injects_at_starttls_gets_nothing() {
    for action in [
        Action::Send(b"454 4.7.0 TLS not available\r\n"),
        Action::Send(b"502 5.5.1 not implemented\r\n"),
        Action::Send(b"220 go ahead\r\n250-injected\r\n250 AUTH PLAIN\r\n"),
        Action::Send(b"220 go ahead\r\n235 welcome\r\n250 ok\r\n250 ok\r\n354 go\r\n250 accepted\r\n"),
        Action::SendAndHangUp(b"220 go ahead\r\n"),
    ] {
        let server = SmtpServer::start_with(Encryption::StartTls).await;
        let fixture = Fixture::with_one_mail(trusting(&url("smtp", &server))).await;
        server.set(Behaviour::At(Step::StartTls, action));
        fixture.send_all().await;
        fixture.expect_only_mail(MailState::Queued).await;
        assert!(server.received().is_empty(), "{action:?}");
        assert!(!server.commands().iter().any(|command| command.contains("AUTH")), "{action:?}");
    }
}

#[tokio::test]
async fn a_certificate_must_come_from_the_authority_and_name_the_host() {
    for (tls, scheme) in [(Encryption::StartTls, "smtp"), (Encryption::Implicit, "smtps")] {
        let server = SmtpServer::start_with(tls).await;
        let of_a_public_authority = smtp(&url(scheme, &server));
        let of_another_host = trusting(&url(scheme, &server).replace("localhost", "127.0.0.1"));
        for settings in [of_a_public_authority, of_another_host] {
            let fixture = Fixture::with_one_mail(settings).await;
            fixture.send_all().await;
            let reason = fixture.expect_only_mail(MailState::Queued).await;
            assert!(reason.contains("certificate"), "{reason}");
            assert_nothing_in_clear_text(&server);
        }
    }
}

#[tokio::test]
async fn ehlo_names_the_host_of_the_public_url_or_the_setting() {
    for (helo_name, expected) in [
        (None, "EHLO work.example.org"),
        (Some(""), "EHLO work.example.org"),
        (Some("mx7.example.org"), "EHLO mx7.example.org"),
    ] {
        let server = SmtpServer::start().await;
        let settings = Settings { helo_name: helo_name.map(str::to_owned), ..smtp(&plain_url(&server)) };
        let fixture = Fixture::with_one_mail(settings).await;
        fixture.send_all().await;
        assert_eq!(server.commands()[0], expected);
    }
}

#[tokio::test]
async fn a_login_asks_for_either_mechanism() {
    let logins = [
        (&b"250-host\r\n250 AUTH PLAIN\r\n"[..], &["AUTH PLAIN AHVzZXIAczNjcmV0"][..]),
        (b"250-host\r\n250-auth=login\r\n250 X\r\n", &["AUTH LOGIN", "dXNlcg==", "czNjcmV0"]),
    ];
    for (offers, expected) in logins {
        let server = SmtpServer::start().await;
        let fixture = Fixture::with_one_mail(smtp(&format!("{}?tls=none", url("smtp", &server)))).await;
        server.set(Behaviour::At(Step::Ehlo, Action::Send(offers)));
        fixture.send_all().await;
        fixture.expect_only_mail(MailState::Sent).await;
        assert_eq!(server.commands()[1..=expected.len()], *expected);
    }
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_one_mail(smtp(&format!("{}?tls=none", url("smtp", &server)))).await;
    server.set(Behaviour::At(Step::Ehlo, Action::Send(b"250-host\r\n250 AUTH CRAM-MD5\r\n")));
    fixture.send_all().await;
    assert!(fixture.expect_only_mail(MailState::Queued).await.contains("PLAIN or LOGIN"));
    assert!(server.received().is_empty(), "the mail was sent without the login");
}

#[tokio::test]
async fn a_probe_tries_everything_up_to_the_sender_and_sends_no_mail() {
    let server = SmtpServer::start_with(Encryption::StartTls).await;
    let settings = trusting(&url("smtp", &server));
    let probe = async |settings: &Settings| Email::probe_mail_server(settings, "https://work.example.org").await;
    let expected = format!("localhost:{}", server.address.port());
    assert_eq!(probe(&settings).await, Ok(Some(expected)));
    let commands = server.commands();
    let verbs: Vec<&str> =
        commands.iter().map(|command| command.trim_start_matches("tls ").split([' ', ':']).next().unwrap()).collect();
    assert_eq!(verbs[..6], ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RSET"], "{commands:?}");
    for (step, reply) in [(Step::Auth, &b"535 5.7.8 wrong\r\n"[..]), (Step::Mail, b"550 5.7.1 not you\r\n")] {
        server.set(Behaviour::At(step, Action::Send(reply)));
        let error = probe(&settings).await.unwrap_err();
        assert!(error.contains("5.7.") && error.contains("localhost"), "{error}");
    }
    let error = probe(&smtp(&url("smtp", &server))).await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    assert!(server.received().is_empty());
}

#[test]
fn an_unknown_parameter_and_an_unreadable_authority_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let no_certificate = directory.path().join("empty.pem");
    std::fs::write(&no_certificate, "no certificate").unwrap();
    let ca_file = |path: PathBuf| Settings {
        smtp_ca_file: Some(path.to_str().unwrap().to_owned()),
        ..smtp("smtps://mail.example.org")
    };
    for (settings, reason) in [
        (smtp("smtp://user:s3cret@mail.example.org?TLS=required"), "the parameter TLS"),
        (smtp("smtp://user:s3cret@mail.example.org?tsl=none"), "the parameter tsl"),
        (smtp("smtp://user:s3cret@mail.example.org?tls=off"), "the parameter tls"),
        (smtp("smtps://user:s3cret@mail.example.org?verify=no"), "the parameter verify"),
        (ca_file(no_certificate), "email.smtp_ca_file"),
        (ca_file(directory.path().join("missing.pem")), "missing.pem"),
        (trusting("smtp://mail.example.org?tls=none"), "email.smtp_ca_file"),
        (Settings { helo_name: Some("my host".to_owned()), ..smtp("smtps://host") }, "email.helo_name"),
    ] {
        let error = Email::check_settings(&settings).unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains("s3cret"), "{error}");
    }
    Email::check_settings(&trusting("smtps://user:s3cret@mail.example.org:4650?tls=required")).unwrap();
}

//! DOMAIN E2: a failed mail is retried with growing pauses, parked with the server's words after
//! the last attempt, and can be resent.

use std::path::PathBuf;

use chrono::Duration;
use email::{Email, Error, MailState, Settings};
use mail_parser::MessageParser;

use crate::fixture::{Fixture, paid, people, person_state, plain_url, smtp, within_deadline};
use crate::smtp_server::{Behaviour, SmtpServer};

async fn with_one_mail(server: &SmtpServer) -> Fixture {
    let fixture = Fixture::with_server(server).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    fixture
}

#[tokio::test]
async fn e2_a_server_that_is_down_delays_a_mail_but_never_loses_it() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    let address = server.address;
    drop(server);
    // The port is free after the server's task has ended.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Queued).await;
    assert!(reason.to_lowercase().contains("connection"), "{reason}");

    let server = SmtpServer::start_at(address).await;
    fixture.send_all().await;
    assert!(server.received().is_empty(), "the mail was sent during the pause");
    fixture.send_later().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn e2_pauses_double_and_the_last_failure_parks_the_mail_with_the_servers_words() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    server.set(Behaviour::Answer("451 4.7.1 Greylisted, come back later"));
    for pause in [1, 2, 4] {
        fixture.send_all().await;
        let mail = fixture.only_mail().await;
        assert_eq!(mail.state, MailState::Queued);
        assert_eq!(mail.next_attempt_at, fixture.ambient.now() + Duration::seconds(pause));
        fixture.ambient.advance(Duration::seconds(pause));
    }
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Parked).await;
    assert!(reason.contains("Greylisted, come back later") && reason.contains("451"), "{reason}");
    assert_eq!(fixture.only_mail().await.attempts, 4);
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    assert!(server.received().is_empty(), "a parked mail was sent");
}

#[tokio::test]
async fn e2_a_permanent_refusal_parks_the_mail_at_once_and_delays_no_other_mail() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    server.set(Behaviour::Answer("550 5.1.1 No such user here"));
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Parked).await;
    assert!(reason.contains("550") && reason.contains("5.1.1 No such user here"), "{reason}");
    assert_eq!(fixture.only_mail().await.attempts, 1);

    server.set(Behaviour::Accept);
    fixture.deliver(&people([2])).await;
    fixture.deliver(&paid([2], "2026-11-21")).await;
    fixture.send_all().await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_mail_that_a_clock_ahead_has_delayed_is_sent_on_the_true_clock() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    let true_time = fixture.ambient.now();
    fixture.ambient.advance(Duration::days(300));
    server.set(Behaviour::Answer("451 4.7.1 Greylisted, come back later"));
    fixture.send_all().await;
    fixture.expect_only_mail(MailState::Queued).await;
    fixture.ambient.set(true_time);
    server.set(Behaviour::Accept);
    fixture.send_all().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn mails_of_a_clock_that_was_ahead_do_not_shorten_a_pause_or_exceed_a_batch() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let true_time = fixture.ambient.now();
    fixture.deliver(&people(1..=10)).await;
    fixture.deliver(&paid(1..=10, "2026-11-21")).await;
    fixture.ambient.advance(Duration::days(300));
    server.set(Behaviour::Answer("451 4.7.1 Greylisted, come back later"));
    fixture.send_all().await;
    fixture.ambient.set(true_time);
    // A mail of today that fails, too. Its pause is kept.
    fixture.deliver(&people([11])).await;
    fixture.deliver(&paid([11], "2026-11-22")).await;
    fixture.send_all().await;
    assert!(fixture.mails().await.iter().all(|mail| mail.next_attempt_at < true_time + Duration::minutes(1)));
    server.set(Behaviour::Accept);
    fixture.send_all().await;
    assert_eq!(server.received().len(), 0, "each mail is in its pause");
    fixture.send_later().await;
    assert_eq!(server.received().len(), 11);
}

#[tokio::test]
async fn a_refused_login_does_not_park_a_mail_at_once() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    server.set(Behaviour::Answer("530 5.7.0 Authentication required"));
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Queued).await;
    assert!(reason.contains("Authentication required"), "{reason}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_delays_a_mail_by_one_timeout() {
    let server = SmtpServer::start().await;
    let settings = Settings { send_timeout_ms: 200, ..smtp(&plain_url(&server)) };
    let fixture = Fixture::new(settings, PathBuf::new()).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    for (behaviour, expected) in [
        (Behaviour::Hang, "the server did not answer within 200 ms"),
        (
            Behaviour::AcceptAndHang,
            "the mail was transmitted 1 times, and may have been delivered: the server did not answer within 200 ms",
        ),
    ] {
        server.set(behaviour);
        fixture.ambient.advance(Duration::hours(1));
        within_deadline(fixture.send_all()).await;
        assert_eq!(fixture.expect_only_mail(MailState::Queued).await, expected);
    }
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    fixture.expect_only_mail(MailState::Sent).await;
}

#[tokio::test]
async fn a_mail_is_retried_if_the_server_closes_the_connection() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    server.set(Behaviour::HangUp);
    fixture.send_all().await;
    assert!(!fixture.expect_only_mail(MailState::Queued).await.is_empty());
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    fixture.expect_only_mail(MailState::Sent).await;
}

#[tokio::test]
async fn a_mail_to_an_unknown_person_is_parked_with_that_reason() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    for _ in 0..4 {
        fixture.send_later().await;
    }
    assert!(fixture.expect_only_mail(MailState::Parked).await.starts_with("no address known for person"));
}

#[tokio::test]
async fn a_mail_to_an_invalid_address_is_parked_at_once() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let mut changed = people([1]);
    changed.people[0].email = "nobody".to_owned();
    fixture.deliver(&changed).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    fixture.send_all().await;
    assert!(fixture.expect_only_mail(MailState::Parked).await.contains("address"));
}

#[tokio::test]
async fn e2_a_parked_mail_is_resent_to_the_corrected_address_with_the_same_message_id() {
    let server = SmtpServer::start().await;
    let fixture = with_one_mail(&server).await;
    server.set(Behaviour::Answer("550 5.1.1 No such user here"));
    fixture.send_all().await;
    let parked = fixture.only_mail().await;
    server.set(Behaviour::Accept);
    let mut changed = people([]);
    changed.people = vec![person_state(1, 2)];
    fixture.deliver(&changed).await;

    let queued = fixture.email.resend_mail(parked.id).await.unwrap();
    assert_eq!((queued.state, queued.attempts, queued.last_error), (MailState::Queued, 0, None));
    assert!(matches!(fixture.email.resend_mail(parked.id).await, Err(Error::AlreadyQueued)));
    fixture.send_all().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_eq!(server.received()[0].recipient, "p1-v2@example.org");

    let again = fixture.email.resend_mail(parked.id).await.unwrap();
    assert!(again.sent_at.is_some());
    fixture.send_all().await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    for received in received {
        let message = MessageParser::default().parse(&received.message).unwrap();
        assert_eq!(message.message_id(), Some(parked.message_id.trim_matches(['<', '>'])));
    }
    assert!(matches!(fixture.email.resend_mail(fixture.ambient.new_id()).await, Err(Error::MailNotFound)));
}

#[tokio::test]
async fn invalid_settings_are_refused_without_printing_the_password() {
    let database = harness::accounting().await;
    let ambient = kernel::Ambient::manual(chrono::DateTime::UNIX_EPOCH, 1);
    let refused = |settings: Settings| {
        let (write, read) = (database.write_pool("email", &ambient), database.read_pool("email"));
        match Email::new(write, read, settings, PathBuf::new(), String::new()) {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    };
    let wrong_url = refused(smtp("http://user:s3cret@mail.example.org"));
    assert!(wrong_url.contains("email.smtp_url") && !wrong_url.contains("s3cret"), "{wrong_url}");
    for missing in [None, Some(String::new())] {
        let no_url = refused(Settings { smtp_url: missing, ..smtp("") });
        assert!(no_url.contains("email.smtp_url is needed"), "{no_url}");
    }
    let from = refused(Settings { from: "nobody".to_owned(), ..smtp("smtp://127.0.0.1") });
    assert!(from.contains("email.from"), "{from}");
    let local = Settings { from: "Piecework <piecework@localhost>".to_owned(), ..smtp("smtp://127.0.0.1") };
    let (write, read) = (database.write_pool("email", &ambient), database.read_pool("email"));
    assert!(Email::new(write, read, local, PathBuf::new(), String::new()).is_ok());
}

//! A server that refuses this installation delays every mail and parks none. It is reported once,
//! and every parked mail can be queued again with one call.

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use chrono::Duration;
use email::{MailState, Settings};

use crate::fixture::{Fixture, paid, people, plain_url, smtp};
use crate::smtp_server::{Action, Behaviour, SmtpServer, Step};

const REFUSED: Action = Action::Send(b"550 5.7.1 Client host rejected\r\n");

thread_local! {
    /// What the test of this thread has logged.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Collects what is logged by the current thread. All tests share one subscriber: the library keeps
/// for each place that logs whether any subscriber wants it, and a subscriber of one thread would
/// depend on which thread logs there first.
struct Log;

impl Log {
    fn start() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt().with_ansi(false).with_writer(|| Self).init();
        });
        LOGGED.with_borrow_mut(Vec::clear);
        Self
    }

    fn lines(&self, level: &str) -> Vec<String> {
        let text = LOGGED.with_borrow(|bytes| String::from_utf8(bytes.clone()).unwrap());
        text.lines().filter(|line| line.contains(level)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_refusal_of_the_installation_parks_no_mail() {
    let refusals = [
        (Step::Greeting, Action::SendAndHangUp(b"554 no SMTP service here\r\n"), "the greeting"),
        (Step::Greeting, REFUSED, "the greeting"),
        (Step::Ehlo, Action::Send(b"501 5.5.4 Invalid domain name\r\n"), "EHLO"),
        (Step::Mail, REFUSED, "MAIL FROM"),
        (Step::Mail, Action::SendAndHangUp(b"553 5.1.8 Sender address rejected"), "MAIL FROM"),
        (Step::Auth, Action::Send(b"535 5.7.8 Authentication failed\r\n"), "AUTH"),
        (Step::Auth, Action::Send(b"504 5.5.4 Unrecognized authentication type\r\n"), "AUTH"),
        (Step::Rcpt, Action::Send(b"530 5.7.0 Authentication required\r\n"), "RCPT TO"),
        (Step::Rcpt, REFUSED, "RCPT TO"),
        (Step::Rcpt, Action::SendAndHangUp(b"553 5.1.8 Sender address rejected"), "RCPT TO"),
        (Step::Rcpt, Action::Send(b"504 5.5.2 Helo command rejected\r\n"), "RCPT TO"),
        (Step::Data, REFUSED, "DATA"),
        (
            Step::Dot,
            Action::Send(b"554 Message rejected: Email address is not verified.\r\n"),
            "the end of the message",
        ),
    ];
    let server = SmtpServer::start().await;
    let url = plain_url(&server).replace("smtp://", "smtp://user:password@");
    let fixture = Fixture::new(smtp(&url), PathBuf::new()).await;
    fixture.deliver(&people([1])).await;
    for (number, (step, action, stage)) in (1..).zip(refusals) {
        fixture.queue_mail(number).await;
        server.set(Behaviour::At(step, action));
        fixture.send_all().await;
        let reason = fixture.expect_mail(number, MailState::Queued).await;
        assert!(reason.contains(stage), "{step:?} {action:?}: {reason}");
        server.set(Behaviour::Accept);
        fixture.send_later().await;
        fixture.expect_mail(number, MailState::Sent).await;
    }
}

#[tokio::test]
async fn a_refusal_of_the_mail_parks_it_at_once() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    let of_the_recipient = [Action::SendAndHangUp(b"550"), Action::Send(b"550-5.1.1 No\r\n550 \xfc\r\n")];
    let of_the_content = [Action::SendAndHangUp(b"552"), Action::Send(b"550-5.6.0 No\r\n550 \xfc\r\n")];
    let cases = [(Step::Rcpt, of_the_recipient), (Step::Data, of_the_content), (Step::Dot, of_the_content)]
        .into_iter()
        .flat_map(|(step, actions)| actions.map(|action| (step, action)));
    for (number, (step, action)) in (1..).zip(cases) {
        fixture.queue_mail(number).await;
        server.set(Behaviour::At(step, action));
        fixture.send_all().await;
        let reason = fixture.expect_mail(number, MailState::Parked).await;
        assert!(reason.contains("55"), "{step:?} {action:?}: {reason}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_every_mail_is_one_error_in_the_log() {
    let log = Log::start();
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people(1..=20)).await;
    fixture.deliver(&paid(1..=20, "2026-11-21")).await;
    server.set(Behaviour::At(Step::Mail, REFUSED));
    for _ in 0..3 {
        fixture.send_all().await;
    }
    assert!(fixture.mails().await.iter().all(|mail| mail.state == MailState::Queued && mail.attempts > 0));
    let errors = log.lines("ERROR");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("MAIL FROM") && errors[0].contains("Client host rejected"), "{errors:?}");
    assert_eq!(log.lines("WARN").len(), 0);

    fixture.send_later().await;
    assert_eq!(log.lines("ERROR").len(), 2, "an outage that continues is logged again after an hour");
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    assert!(fixture.mails().await.iter().all(|mail| mail.state == MailState::Sent));
    assert_eq!(log.lines("accepts mail again").len(), 1);
    assert_eq!(log.lines("ERROR").len(), 2);
    assert!(!log.lines("").iter().any(|line| line.contains("example.org>")), "an address is logged");
}

#[tokio::test]
async fn every_parked_mail_is_queued_again_by_one_call() {
    let server = SmtpServer::start().await;
    let settings = Settings { max_attempts: 1, ..smtp(&plain_url(&server)) };
    let fixture = Fixture::with_one_mail(settings).await;
    fixture.send_all().await;
    fixture.deliver(&people(2..=12)).await;
    fixture.deliver(&paid(2..=12, "2026-11-21")).await;
    server.set(Behaviour::At(Step::Mail, REFUSED));
    for _ in 0..3 {
        fixture.send_later().await;
    }
    fixture.deliver(&people([13])).await;
    fixture.deliver(&paid([13], "2026-11-21")).await;
    let count = async |state| fixture.mails().await.iter().filter(|mail| mail.state == state).count();
    assert_eq!((count(MailState::Parked).await, count(MailState::Queued).await), (11, 1));

    server.set(Behaviour::Accept);
    assert_eq!(fixture.email.resend_parked_mails().await.unwrap(), 11);
    assert_eq!(fixture.email.resend_parked_mails().await.unwrap(), 0);
    fixture.ambient.advance(Duration::seconds(1));
    fixture.send_all().await;
    assert_eq!((count(MailState::Sent).await, server.received().len()), (13, 13));
}

//! A mail that the server has accepted is never sent again, and a mail whose acceptance is unknown
//! is sent again a few times only.

use std::path::PathBuf;

use chrono::Duration;
use email::{MailState, Settings};
use sqlx::Executor;

use crate::fixture::{Fixture, people, plain_url, smtp, within_deadline};
use crate::smtp_server::{Action, Behaviour, SmtpServer, Step};

/// A reply that is longer than RFC 5321 allows.
const LONG: [u8; 5_006] = {
    let mut bytes = [b'x'; 5_006];
    [bytes[0], bytes[1], bytes[2], bytes[3]] = *b"250 ";
    [bytes[5_004], bytes[5_005]] = *b"\r\n";
    bytes
};

/// Replies that accept. RFC 5321 allows the ones without text; the others come from real servers.
const ACCEPTING: [&[u8]; 12] = [
    b"250\r\n",
    b"250 \r\n",
    b"250 2.0.0 Ok: queued\r\n",
    b"250 Gr\xfc\xdfe aus M\xfcnchen\r\n",
    b"250 \xff\xfe\x00\x01\r\n",
    b"250-first\r\n250 second\r\n",
    b"250-first \xe9\r\n250\r\n",
    b"250-first\r\nfolded text without a code\r\n250 last\r\n",
    b"250 only a line feed\n",
    b"251 will forward\r\n",
    b"299 no such code\r\n",
    &LONG,
];

async fn with_server(server: &SmtpServer, settings: Settings) -> Fixture {
    let fixture = Fixture::new(Settings { smtp_url: Some(plain_url(server)), ..settings }, PathBuf::new()).await;
    fixture.deliver(&people([1])).await;
    fixture
}

/// Sends a mail in each case, tries again much later, and asserts that it was sent once.
async fn expect_each_sent_once(cases: impl IntoIterator<Item = (Step, Action)>) {
    let server = SmtpServer::start().await;
    let fixture = with_server(&server, smtp("")).await;
    for (number, (step, action)) in (1..).zip(cases) {
        fixture.queue_mail(number).await;
        server.set(Behaviour::At(step, action));
        within_deadline(fixture.send_all()).await;
        let reason = fixture.expect_mail(number, MailState::Sent).await;
        within_deadline(fixture.send_later()).await;
        assert_eq!(server.received().len() as u64, number, "{step:?} {action:?} {reason}");
    }
}

#[tokio::test]
async fn a_reply_that_accepts_is_understood_with_any_text() {
    let of_the_end = ACCEPTING.map(|reply| (Step::Dot, reply));
    let of_the_recipient = ACCEPTING.map(|reply| (Step::Rcpt, reply));
    let others: [(Step, &[u8]); 8] = [
        (Step::Mail, b"250\r\n"),
        (Step::Mail, b"250-\xfc\r\n250 \xdf\r\n"),
        (Step::Ehlo, b"250\r\n"),
        (Step::Ehlo, b"250-\xfc\r\n250 \xdf\r\n"),
        (Step::Greeting, b"220\r\n"),
        (Step::Greeting, b"220-M\xfcnchen\r\n220 ESMTP\r\n"),
        (Step::Data, b"354\r\n"),
        (Step::Data, b"354 Schlie\xdfen mit Punkt\r\n"),
    ];
    let all = of_the_end.into_iter().chain(of_the_recipient).chain(others);
    expect_each_sent_once(all.map(|(step, reply)| (step, Action::Send(reply)))).await;
}

#[tokio::test]
async fn what_follows_the_acceptance_does_not_matter() {
    let replies: [&[u8]; 5] =
        [b"250\r\n", b"250", b"250 accep", b"250-first\r\n25", b"250 ok\r\n421 closing\r\n\xff\xff"];
    expect_each_sent_once(replies.map(|reply| (Step::Dot, Action::SendAndHangUp(reply)))).await;
    let farewells = [
        Action::Send(b"550 no\r\n"),
        Action::Send(b"\xff\xff\r\n"),
        Action::SendAndHangUp(b""),
        Action::SendAndHangUp(b"4"),
        Action::Hang,
    ];
    expect_each_sent_once(farewells.map(|action| (Step::Quit, action))).await;
}

#[tokio::test]
async fn a_mail_whose_outcome_is_unknown_is_sent_three_times_and_then_parked() {
    let server = SmtpServer::start().await;
    let fixture = with_server(&server, Settings { send_timeout_ms: 300, max_attempts: 30, ..smtp("") }).await;
    let actions = [
        Action::SendAndHangUp(b""),
        Action::SendAndHangUp(b"25"),
        Action::Send(b"accepted\r\n"),
        Action::Send(b"\xff\xfe\r\n"),
        Action::Send(b"354 go on\r\n"),
        Action::Send(b"650 what\r\n"),
        Action::Hang,
    ];
    for (number, action) in (1..).zip(actions) {
        let before = server.received().len();
        fixture.queue_mail(number).await;
        server.set(Behaviour::At(Step::Dot, action));
        for sent in 1..=2 {
            within_deadline(fixture.send_later()).await;
            let reason = fixture.expect_mail(number, MailState::Queued).await;
            assert!(reason.contains("may have been delivered"), "{action:?}: {reason}");
            assert_eq!(server.received().len() - before, sent);
        }
        // The count is stored: it survives a restart.
        fixture.ambient.advance(Duration::hours(1));
        within_deadline(fixture.restarted().deliver_due_mails()).await.unwrap();
        let reason = fixture.expect_mail(number, MailState::Parked).await;
        assert!(reason.contains("transmitted 3 times") && reason.contains("may have been delivered"), "{reason}");
        within_deadline(fixture.send_later()).await;
        assert_eq!(server.received().len() - before, 3, "{action:?}");
    }
    // A resend gives each mail a new set of attempts.
    assert_eq!(fixture.email.resend_parked_mails().await.unwrap(), actions.len() as u64);
    within_deadline(fixture.send_all()).await;
    fixture.expect_mail(1, MailState::Queued).await;
}

#[tokio::test]
async fn a_failure_before_the_end_of_the_message_is_retried_as_usual() {
    let server = SmtpServer::start().await;
    let fixture = with_server(&server, Settings { max_attempts: 30, ..smtp("") }).await;
    let actions = [Action::SendAndHangUp(b""), Action::Send(b"nonsense\r\n"), Action::Send(b"421 later\r\n")];
    let steps = [Step::Greeting, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data];
    let cases = steps.iter().flat_map(|step| actions.map(|action| (*step, action)));
    for (number, (step, action)) in (1..).zip(cases) {
        fixture.queue_mail(number).await;
        server.set(Behaviour::At(step, action));
        for _ in 0..5 {
            within_deadline(fixture.send_later()).await;
            let reason = fixture.expect_mail(number, MailState::Queued).await;
            assert!(!reason.contains("delivered"), "{step:?} {action:?}: {reason}");
        }
        server.set(Behaviour::Accept);
        within_deadline(fixture.send_later()).await;
        fixture.expect_mail(number, MailState::Sent).await;
        assert_eq!(server.received().len() as u64, number);
    }
}

#[tokio::test]
async fn an_accepted_mail_is_not_sent_again_if_the_database_fails_meanwhile() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_one_mail(smtp(&plain_url(&server))).await;
    let mut database = fixture.database.connect().await;
    server.set(Behaviour::At(Step::Dot, Action::AcceptLater));
    let (delivered, ()) = within_deadline(async {
        tokio::join!(fixture.email.deliver_due_mails(), async {
            server.wait_for(1).await;
            database.execute("alter table email.mails rename to gone").await.unwrap();
            server.release();
        })
    })
    .await;
    assert!(delivered.is_err(), "the result cannot be recorded");
    assert!(fixture.email.deliver_due_mails().await.is_err());
    database.execute("alter table email.gone rename to mails").await.unwrap();
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_eq!(server.received().len(), 1);
}

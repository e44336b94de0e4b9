//! DOMAIN A7, E2: each payout sends exactly one mail, in any order of the events and with any
//! number of redeliveries. No mail is sent before its event has committed.

use std::collections::HashSet;

use email::MailState;
use kernel::runtime::jobs::Outcome;
use kernel::verify::{Scope, Server};
use mail_parser::MessageParser;

use crate::fixture::{Fixture, day, paid, people, person, person_state, subscriber, within_deadline};
use crate::smtp_server::{Behaviour, SmtpServer};

#[tokio::test]
async fn a7_a_payout_is_one_mail_with_the_amount_and_the_statement() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    let event = fixture.event(&paid([1], "2026-11-21"));
    fixture.inbox.receive(std::slice::from_ref(&event)).await.unwrap();
    fixture.send_all().await;

    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].recipient, "p1-v1@example.org");
    let message = MessageParser::default().parse(&received[0].message).unwrap();
    let text = message.body_text(0).unwrap();
    assert_eq!(message.subject(), Some("Your payout for 21 November 2026: 35.00 USD"));
    assert!(text.contains("+40.00  Reward for “Fix `Vec<[u8]>` & “doors””") && text.contains("-5.00 USD"), "{text}");
    let mail = fixture.only_mail().await;
    assert_eq!((mail.state, mail.person_id, mail.business_day), (MailState::Sent, person(1), day("2026-11-21")));
    assert_eq!(mail.to_address.as_deref(), Some("p1-v1@example.org"));
    assert_eq!(mail.message_id, format!("<{}.{}@piecework.local>", event.id, person(1)));
    assert_eq!(message.message_id(), Some(mail.message_id.trim_matches(['<', '>'])));
}

#[tokio::test]
async fn e2_a_redelivered_event_sends_no_second_mail() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1, 2])).await;
    let event = fixture.event(&paid([1, 2], "2026-11-21"));
    fixture.inbox.receive(&[event.clone(), event.clone()]).await.unwrap();
    fixture.send_all().await;
    fixture.inbox.receive(std::slice::from_ref(&event)).await.unwrap();
    fixture.send_later().await;
    assert_eq!((server.received().len(), fixture.mails().await.len()), (2, 2));
}

#[tokio::test]
async fn a7_a_payout_that_is_repeated_in_another_event_sends_no_second_mail() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1, 2])).await;
    let twice = [fixture.event(&paid([1], "2026-11-21")), fixture.event(&paid([1, 2], "2026-11-21"))];
    fixture.inbox.receive(&twice).await.unwrap();
    fixture.deliver(&paid([2, 1], "2026-11-21")).await;
    fixture.send_later().await;
    assert_eq!(server.received().len(), 2);
    fixture.deliver(&paid([1, 2], "2026-11-22")).await;
    fixture.send_later().await;
    assert_eq!(server.received().len(), 4, "a payout of another day must send another mail");
    let mut days = fixture.email.count_statements_by_day(Scope::everything(Server::Primary)).await.unwrap();
    days.sort_unstable();
    let days: Vec<_> = days.into_iter().map(|(day, (count, _))| (day, count)).collect();
    assert_eq!(days, [(day("2026-11-21"), 2), (day("2026-11-22"), 2)]);
}

#[tokio::test]
async fn a_payout_that_arrives_before_its_person_is_sent_when_the_person_is_known() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    fixture.send_all().await;
    let reason = fixture.expect_only_mail(MailState::Queued).await;
    assert_eq!(reason, format!("no address known for person {}", person(1)));

    fixture.deliver(&people([1])).await;
    fixture.send_later().await;
    fixture.expect_only_mail(MailState::Sent).await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_older_version_of_a_person_that_arrives_later_is_ignored() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let mut changed = people([]);
    changed.people = vec![person_state(1, 2), person_state(1, 3), person_state(1, 1)];
    fixture.deliver(&changed).await;
    changed.people = vec![person_state(1, 2)];
    fixture.deliver(&changed).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    fixture.send_all().await;
    assert_eq!(server.received()[0].recipient, "p1-v3@example.org");
}

#[tokio::test]
async fn a_person_without_a_supported_language_gets_mail_in_the_default_language() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let mut changed = people([1, 2, 3]);
    changed.people[1].language = Some("ru".to_owned());
    changed.people[2].language = Some("tlh".to_owned());
    fixture.deliver(&changed).await;
    fixture.deliver(&paid([1, 2, 3], "2026-11-21")).await;
    fixture.send_all().await;
    for received in server.received() {
        let message = MessageParser::default().parse(&received.message).unwrap().subject().unwrap().to_owned();
        let is_russian = message == "Выплата за 21 ноября 2026 г.: 35,00 USD";
        assert_eq!(is_russian, received.recipient.starts_with("p2-"), "{message}");
    }
}

#[tokio::test]
async fn e2_no_mail_is_sent_before_the_commit_or_after_a_rollback() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    let (write, event) =
        (fixture.database.write_pool("email", &fixture.ambient), fixture.event(&paid([1], "2026-11-21")));

    let mut tx = write.begin().await.unwrap();
    subscriber(&fixture.email).apply(&mut tx, std::slice::from_ref(&event)).await.unwrap();
    fixture.send_all().await;
    tx.rollback().await.unwrap();
    fixture.send_later().await;
    assert!(server.received().is_empty() && fixture.mails().await.is_empty());

    let mut tx = write.begin().await.unwrap();
    subscriber(&fixture.email).apply(&mut tx, std::slice::from_ref(&event)).await.unwrap();
    fixture.send_all().await;
    assert!(server.received().is_empty());
    tx.commit().await.unwrap();
    fixture.send_all().await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_queued_mail_wakes_the_job() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let job = fixture.email.module().jobs.remove(0);
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    within_deadline(job.wake.notified()).await;
    assert_eq!((job.run)().await.unwrap(), Outcome::Idle);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_workers_send_each_mail_once() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people(1..=60)).await;
    fixture.deliver(&paid(1..=60, "2026-11-21")).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let email = fixture.restarted();
        workers.spawn(async move { while email.deliver_due_mails().await.unwrap() == Outcome::More {} });
    }
    within_deadline(workers.join_all()).await;
    fixture.send_all().await;
    let received = server.received();
    let recipients: HashSet<_> = received.iter().map(|received| received.recipient.as_str()).collect();
    assert_eq!((received.len(), recipients.len()), (60, 60));
}

#[tokio::test]
async fn a_mail_whose_process_stopped_after_sending_is_attempted_again_after_the_lease() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-21")).await;
    server.set(Behaviour::AcceptAndHang);
    tokio::select! {
        result = fixture.email.deliver_due_mails() => panic!("the server must not have answered: {result:?}"),
        () = within_deadline(server.wait_for(1)) => {}
    }
    server.set(Behaviour::Accept);

    let after_restart = fixture.restarted();
    after_restart.deliver_due_mails().await.unwrap();
    assert_eq!(server.received().len(), 1, "the mail was sent during the lease");
    fixture.expect_only_mail(MailState::Queued).await;
    fixture.ambient.advance(chrono::Duration::seconds(91));
    after_restart.deliver_due_mails().await.unwrap();
    fixture.expect_only_mail(MailState::Sent).await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1], "the second attempt sent other bytes");
}

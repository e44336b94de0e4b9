//! DOMAIN E2, A7: one mail a payout, whatever is delivered how often in whatever order, and none before its cause has committed.

use std::collections::HashSet;

use email::MailState;
use kernel::jobs::Outcome;
use mail_parser::MessageParser;

use crate::fixture::{Fixture, day, paid, people, person, person_state, soon, subscriber};
use crate::smtp_server::{Mood, SmtpServer};

#[tokio::test]
async fn a7_a_payout_is_one_mail_with_the_amount_and_the_statement() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1])).await;
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
    assert_eq!(mail.to.as_deref(), Some("p1-v1@example.org"));
    assert_eq!(mail.message_id, format!("<{}.{}@piecework.local>", event.id, person(1)));
    assert_eq!(message.message_id(), Some(mail.message_id.trim_matches(['<', '>'])));
}

#[tokio::test]
async fn e2_a_redelivered_event_sends_no_second_mail() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1, 2])).await;
    let event = fixture.event(&paid([1, 2], "2026-11-21"));
    fixture.inbox.receive(&[event.clone(), event.clone()]).await.unwrap();
    fixture.send_all().await;
    fixture.inbox.receive(std::slice::from_ref(&event)).await.unwrap();
    fixture.send_later().await;
    assert_eq!((server.received().len(), fixture.mails().await.len()), (2, 2));
}

#[tokio::test]
async fn a7_a_payout_said_again_in_another_event_sends_no_second_mail() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1, 2])).await;
    let twice = [fixture.event(&paid([1], "2026-11-21")), fixture.event(&paid([1, 2], "2026-11-21"))];
    fixture.inbox.receive(&twice).await.unwrap();
    fixture.tell(&paid([2, 1], "2026-11-21")).await;
    fixture.send_later().await;
    assert_eq!(server.received().len(), 2);
    fixture.tell(&paid([1, 2], "2026-11-22")).await;
    fixture.send_later().await;
    assert_eq!(server.received().len(), 4, "another day is another mail");
    let mut days = fixture.email.statements_per_day().await.unwrap();
    days.sort_unstable();
    let days: Vec<_> = days.into_iter().map(|(day, (count, _))| (day, count)).collect();
    assert_eq!(days, [(day("2026-11-21"), 2), (day("2026-11-22"), 2)]);
}

#[tokio::test]
async fn a_payout_that_overtakes_its_person_is_sent_once_the_person_is_known() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&paid([1], "2026-11-21")).await;
    fixture.send_all().await;
    let reason = fixture.only_mail_is(MailState::Queued).await;
    assert_eq!(reason, format!("no address known for person {}", person(1)));

    fixture.tell(&people([1])).await;
    fixture.send_later().await;
    fixture.only_mail_is(MailState::Sent).await;
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn an_older_state_of_a_person_that_arrives_later_is_old_news() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let mut changed = people([]);
    changed.people = vec![person_state(1, 2), person_state(1, 3), person_state(1, 1)];
    fixture.tell(&changed).await;
    changed.people = vec![person_state(1, 2)];
    fixture.tell(&changed).await;
    fixture.tell(&paid([1], "2026-11-21")).await;
    fixture.send_all().await;
    assert_eq!(server.received()[0].recipient, "p1-v3@example.org");
}

#[tokio::test]
async fn a_person_gets_mail_in_their_language_and_else_in_the_installations() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    let mut changed = people([1, 2, 3]);
    changed.people[1].language = Some("ru".to_owned());
    changed.people[2].language = Some("tlh".to_owned());
    fixture.tell(&changed).await;
    fixture.tell(&paid([1, 2, 3], "2026-11-21")).await;
    fixture.send_all().await;
    for received in server.received() {
        let message = MessageParser::default().parse(&received.message).unwrap().subject().unwrap().to_owned();
        let is_russian = message == "Выплата за 21 ноября 2026 г.: 35,00 USD";
        assert_eq!(is_russian, received.recipient.starts_with("p2-"), "{message}");
    }
}

#[tokio::test]
async fn e2_no_mail_before_the_commit_and_none_after_a_rollback() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1])).await;
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
    fixture.tell(&people([1])).await;
    fixture.tell(&paid([1], "2026-11-21")).await;
    soon(job.wake.notified()).await;
    assert_eq!((job.run)().await.unwrap(), Outcome::Idle);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_send_each_mail_once() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people(1..=60)).await;
    fixture.tell(&paid(1..=60, "2026-11-21")).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let email = fixture.another();
        workers.spawn(async move { while email.send_due().await.unwrap() == Outcome::More {} });
    }
    soon(workers.join_all()).await;
    fixture.send_all().await;
    let received = server.received();
    let recipients: HashSet<_> = received.iter().map(|received| received.recipient.as_str()).collect();
    assert_eq!((received.len(), recipients.len()), (60, 60));
}

#[tokio::test]
async fn a_process_that_dies_after_sending_leaves_the_mail_to_the_next_try_after_the_lease() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.tell(&people([1])).await;
    fixture.tell(&paid([1], "2026-11-21")).await;
    server.set(Mood::TakeAndHang);
    tokio::select! {
        result = fixture.email.send_due() => panic!("the server is silent: {result:?}"),
        () = soon(server.wait_for(1)) => {}
    }
    server.set(Mood::Accept);

    let after_restart = fixture.another();
    after_restart.send_due().await.unwrap();
    assert_eq!(server.received().len(), 1, "the lease holds");
    fixture.only_mail_is(MailState::Queued).await;
    fixture.ambient.advance(chrono::Duration::seconds(91));
    after_restart.send_due().await.unwrap();
    fixture.only_mail_is(MailState::Sent).await;
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1], "the same bytes, the same Message-ID");
}

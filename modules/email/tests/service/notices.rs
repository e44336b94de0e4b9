//! A change of an address: one notice to the old address and one to the new address.

use std::collections::BTreeSet;

use contracts::events::identity::{AddressChanged, PeopleChanged};
use email::MailState;
use mail_parser::MessageParser;

use crate::fixture::{Fixture, people, person, person_state};
use crate::smtp_server::SmtpServer;

fn changed(old: &str, new: &str) -> AddressChanged {
    AddressChanged {
        person_id: person(1),
        old_email: old.to_owned(),
        new_email: new.to_owned(),
        changed_at: "2026-11-22T00:00:05Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_change_of_an_address_sends_one_mail_to_each_of_both() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    let event = fixture.event(&changed("p1-v1@example.org", "p1-v2@example.org"));
    // The event about the person's new state may arrive before or after this one.
    fixture.inbox.receive(&[event.clone(), event.clone()]).await.unwrap();
    fixture.deliver(&PeopleChanged { people: vec![person_state(1, 2)] }).await;
    fixture.send_all().await;
    fixture.inbox.receive(std::slice::from_ref(&event)).await.unwrap();
    fixture.send_later().await;

    let received = server.received();
    assert_eq!(received.len(), 2);
    let recipients: BTreeSet<&str> = received.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, BTreeSet::from(["p1-v1@example.org", "p1-v2@example.org"]));
    let mut message_ids = BTreeSet::new();
    for mail in &received {
        let message = MessageParser::default().parse(&mail.message).unwrap();
        let text = message.body_text(0).unwrap();
        for part in ["Hello, Person 1!", "22 November 2026", "p1-v1@example.org", "p1-v2@example.org"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(message.subject(), Some("Your e-mail address was changed"));
        message_ids.insert(message.message_id().unwrap().to_owned());
    }
    assert_eq!(message_ids.len(), 2);
}

#[tokio::test]
async fn an_address_may_be_changed_twice_a_day_and_a_resent_notice_goes_to_its_address() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&changed("a@example.org", "b@example.org")).await;
    fixture.deliver(&changed("b@example.org", "c@example.org")).await;
    fixture.send_all().await;
    let sent = |server: &SmtpServer| {
        let mut recipients: Vec<String> = server.received().iter().map(|mail| mail.recipient.clone()).collect();
        recipients.sort();
        recipients
    };
    assert_eq!(sent(&server), ["a@example.org", "b@example.org", "b@example.org", "c@example.org"]);
    let mails = fixture.mails().await;
    assert!(mails.iter().all(|mail| mail.kind == "address_changed" && mail.state == MailState::Sent), "{mails:?}");
    let to_old = mails.iter().find(|mail| mail.to_address.as_deref() == Some("a@example.org")).unwrap();
    fixture.email.resend_mail(to_old.id).await.unwrap();
    fixture.send_all().await;
    assert_eq!(sent(&server)[..2], ["a@example.org", "a@example.org"]);
}

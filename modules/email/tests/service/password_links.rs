//! Mails with a one-time link: once each, in the person's language, and without a trace when sent.

use contracts::Secret;
use contracts::events::identity::{LinkPurpose, PasswordLinkCreated};
use email::MailState;
use mail_parser::MessageParser;

use crate::fixture::{Fixture, people, person};
use crate::smtp_server::{Behaviour, SmtpServer};

const TOKEN: &str = "dG9rZW4tb2YtYS10ZXN0LXdpdGgtMjU2LWJpdHMtb2Y";

fn link(purpose: LinkPurpose) -> PasswordLinkCreated {
    PasswordLinkCreated {
        person_id: person(1),
        purpose,
        email: "p1-then@example.org".to_owned(),
        token: Secret(TOKEN.to_owned()),
        created_at: "2026-11-22T00:00:05Z".parse().unwrap(),
        expires_at: "2026-11-22T01:00:05Z".parse().unwrap(),
    }
}

/// Everything that the module's tables hold, as text.
async fn dump(fixture: &Fixture) -> String {
    let statement = "select concat(
        (select json_agg(mail) from email.mails as mail),
        (select string_agg(convert_from(message, 'utf8'), '') from email.mails),
        (select json_agg(inbox) from email.inbox as inbox))";
    sqlx::query_scalar(statement).fetch_one(&mut fixture.database.connect().await).await.unwrap()
}

#[tokio::test]
async fn a_link_is_mailed_once_to_the_address_of_that_time_and_deleted_when_it_was_sent() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    for (purpose, kind, subject) in [
        (LinkPurpose::Invitation, "invitation", "Your account at Piecework"),
        (LinkPurpose::PasswordReset, "password_reset", "Set a new password"),
    ] {
        let event = fixture.event(&link(purpose));
        fixture.inbox.receive(&[event.clone(), event.clone()]).await.unwrap();
        assert!(dump(&fixture).await.contains(TOKEN), "until it is sent, the mail needs the token");
        fixture.send_all().await;
        fixture.inbox.receive(&[event]).await.unwrap();
        fixture.send_all().await;
        let received = server.received();
        let mail = received.last().unwrap();
        assert_eq!(mail.recipient, "p1-then@example.org");
        let message = MessageParser::default().parse(&mail.message).unwrap();
        assert_eq!(message.subject(), Some(subject));
        let text = message.body_text(0).unwrap();
        for part in ["Hello, Person 1!", "22 November 2026, 01:00", &format!("/set-password#token={TOKEN}")] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!dump(&fixture).await.contains(TOKEN), "the token is deleted");
        let mails = fixture.mails().await;
        let sent = mails.iter().find(|mail| mail.kind == kind).unwrap();
        assert_eq!((sent.state, sent.to_address.as_deref()), (MailState::Sent, Some("p1-then@example.org")));
        let problem = kernel::Problem::from(fixture.email.resend_mail(sent.id).await.unwrap_err());
        assert_eq!(problem.code(), "email.link_sent");
    }
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_mail_whose_link_has_expired_is_parked_instead_of_sent() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    server.set(Behaviour::Answer("450 4.2.1 later"));
    fixture.deliver(&link(LinkPurpose::PasswordReset)).await;
    fixture.send_all().await;
    assert_eq!(fixture.only_mail().await.state, MailState::Queued);
    server.set(Behaviour::Accept);
    fixture.send_later().await;
    let mail = fixture.only_mail().await;
    assert_eq!(mail.state, MailState::Parked);
    assert!(mail.last_error.unwrap().contains("the link of this mail has expired"));
    assert_eq!(server.received().len(), 0);
}

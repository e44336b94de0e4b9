//! The text of a mail is deleted `email.keep_days` after it was sent, and its record stays.

use std::path::{Path, PathBuf};

use chrono::Duration;
use email::{MailState, Settings, Transport};
use kernel::runtime::jobs::Outcome;

use crate::fixture::{Fixture, paid, people, smtp};
use crate::smtp_server::{Behaviour, SmtpServer};

/// For each mail, the oldest day first: its state, and whether its content and its message exist.
async fn texts(fixture: &Fixture) -> Vec<(String, bool, bool)> {
    let statement = "select state, data::text <> '{}', message is not null from email.mails order by business_day";
    sqlx::query_as(statement).fetch_all(&mut fixture.database.connect().await).await.unwrap()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn count_files(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

#[tokio::test]
async fn the_text_of_sent_mail_is_deleted_and_unsent_mail_is_kept_whole() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_server(&server).await;
    fixture.deliver(&people([1])).await;
    fixture.deliver(&paid([1], "2026-11-18")).await;
    fixture.send_all().await;
    server.set(Behaviour::Answer("550 no such user"));
    fixture.deliver(&paid([1], "2026-11-19")).await;
    fixture.send_all().await;
    server.set(Behaviour::Answer("450 4.2.1 later"));
    fixture.deliver(&paid([1], "2026-11-20")).await;
    fixture.send_all().await;
    let before = fixture.mails().await;

    fixture.ambient.advance(Duration::days(90));
    assert_eq!(fixture.email.delete_old_texts().await.unwrap(), Outcome::Idle);
    assert!(texts(&fixture).await.iter().all(|(_, data, message)| *data && *message), "90 days are not over");
    fixture.ambient.advance(Duration::seconds(1));
    fixture.email.delete_old_texts().await.unwrap();
    let expected = [("sent", false, false), ("parked", true, true), ("queued", true, true)];
    assert_eq!(texts(&fixture).await, expected.map(|(state, data, message)| (state.to_owned(), data, message)));

    let after = fixture.mails().await;
    let record = after.iter().find(|mail| mail.state == MailState::Sent).unwrap();
    let sent = before.iter().find(|mail| mail.id == record.id).unwrap();
    assert_eq!(record.text_deleted_at, Some(fixture.ambient.now()));
    assert_eq!((record.sent_at, &record.message_id, &record.kind), (sent.sent_at, &sent.message_id, &sent.kind));
    assert_eq!(record.to_address.as_deref(), Some("p1-v1@example.org"));
    let problem = kernel::Problem::from(fixture.email.resend_mail(record.id).await.unwrap_err());
    assert_eq!(problem.code(), "email.text_deleted");

    server.set(Behaviour::Accept);
    let parked = after.iter().find(|mail| mail.state == MailState::Parked).unwrap();
    fixture.email.resend_mail(parked.id).await.unwrap();
    fixture.send_later().await;
    assert_eq!(server.received().len(), 3, "the mails that were kept are sent");
}

#[tokio::test]
async fn a_mail_that_was_sent_again_is_kept_from_then_on() {
    let server = SmtpServer::start().await;
    let fixture = Fixture::with_one_mail(smtp(&crate::fixture::plain_url(&server))).await;
    fixture.send_all().await;
    fixture.ambient.advance(Duration::days(80));
    fixture.email.resend_mail(fixture.only_mail().await.id).await.unwrap();
    fixture.send_all().await;
    fixture.ambient.advance(Duration::days(80));
    fixture.email.delete_old_texts().await.unwrap();
    assert_eq!(fixture.only_mail().await.text_deleted_at, None);
    fixture.ambient.advance(Duration::days(11));
    fixture.email.delete_old_texts().await.unwrap();
    assert_eq!(fixture.only_mail().await.text_deleted_at, Some(fixture.ambient.now()));
}

/// A module with 501 sent mails in files.
async fn with_files(keep_days: u16, mail_dir: PathBuf) -> Fixture {
    let settings = Settings { transport: Transport::File, smtp_url: None, keep_days, ..smtp("") };
    let fixture = Fixture::new(settings, mail_dir).await;
    fixture.deliver(&people([1])).await;
    for number in 0..501 {
        fixture.queue_mail(number).await;
    }
    fixture.send_all().await;
    fixture.ambient.advance(Duration::days(365));
    fixture
}

#[tokio::test]
async fn files_are_deleted_with_the_texts_some_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let fixture = with_files(90, directory.path().to_owned()).await;
    fixture.queue_mail(501).await;
    fixture.send_all().await;
    // A file that somebody has deleted does not stand in the way.
    let mut files = std::fs::read_dir(directory.path()).unwrap();
    let is_oldest = |name: &str| name.starts_with("2026-01-01-");
    let oldest = files.find_map(|file| Some(file.unwrap().path()).filter(|path| is_oldest(&name(path)))).unwrap();
    std::fs::remove_file(oldest).unwrap();
    assert_eq!(fixture.email.delete_old_texts().await.unwrap(), Outcome::More);
    assert_eq!(fixture.email.delete_old_texts().await.unwrap(), Outcome::Idle);
    assert_eq!(count_files(directory.path()), 1);
    assert_eq!(texts(&fixture).await.iter().filter(|(_, data, message)| *data && *message).count(), 1);
}

#[tokio::test]
async fn zero_days_keep_every_text() {
    let directory = tempfile::tempdir().unwrap();
    let fixture = with_files(0, directory.path().to_owned()).await;
    assert_eq!(fixture.email.delete_old_texts().await.unwrap(), Outcome::Idle);
    assert_eq!(count_files(directory.path()), 501);
    assert!(texts(&fixture).await.iter().all(|(_, data, message)| *data && *message));
}

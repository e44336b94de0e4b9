//! The file transport writes each mail to a `.eml` file.

use std::path::{Path, PathBuf};

use email::{MailState, Settings, Transport};
use mail_parser::MessageParser;

use crate::fixture::{Fixture, paid, people, person, smtp};

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn with_files(mail_dir: PathBuf) -> Fixture {
    let settings = Settings { transport: Transport::File, smtp_url: None, ..smtp("") };
    let fixture = Fixture::new(settings, mail_dir).await;
    fixture.deliver(&people([1, 2])).await;
    fixture.deliver(&paid([1, 2], "2026-11-21")).await;
    fixture
}

#[tokio::test]
async fn each_mail_has_a_file_of_its_own_and_a_resend_overwrites_it() {
    let directory = tempfile::tempdir().unwrap();
    let mail_dir = directory.path().join("data/mail");
    let fixture = with_files(mail_dir.clone()).await;
    fixture.send_all().await;
    let mails = fixture.mails().await;
    let mut expected: Vec<String> =
        mails.iter().map(|mail| format!("2026-11-21-{}-{}.eml", mail.person_id, mail.id)).collect();
    expected.sort();
    let mut found = names(&mail_dir);
    found.sort();
    assert_eq!(found, expected);
    let bytes = std::fs::read(mail_dir.join(&found[0])).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.to().unwrap().first().unwrap().name(), Some("Person 1"));
    assert!(found[0].contains(&person(1).to_string()));

    fixture.email.resend_mail(mails[0].id).await.unwrap();
    fixture.send_all().await;
    assert_eq!(names(&mail_dir).len(), 2);
}

#[tokio::test]
async fn a_mail_stays_queued_with_the_reason_if_the_directory_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let mail_dir = directory.path().join("mail");
    let fixture = with_files(mail_dir.clone()).await;
    std::fs::remove_dir(&mail_dir).unwrap();
    std::fs::write(&mail_dir, "a file instead of the directory").unwrap();
    fixture.send_all().await;
    for mail in fixture.mails().await {
        assert_eq!(mail.state, MailState::Queued);
        assert!(mail.last_error.unwrap().contains(mail_dir.to_str().unwrap()));
    }
    assert!(fixture.restarted().prepare().await.is_err(), "the startup must fail");

    std::fs::remove_file(&mail_dir).unwrap();
    fixture.send_later().await;
    assert_eq!(names(&mail_dir).len(), 2);
}

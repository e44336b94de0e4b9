//! The mails that the application has written to files.

use std::path::Path;

use mail_parser::MessageParser;

/// One mail.
#[derive(Debug)]
pub struct SentMail {
    /// When it was first attempted, in Unix seconds.
    pub sent_at: i64,
    pub to: String,
    pub subject: String,
    /// Its body as plain text.
    pub text: String,
}

impl SentMail {
    /// The token of the one-time link in the mail.
    #[must_use]
    pub fn link_token(&self) -> Option<String> {
        let behind = self.text.split("/set-password#token=").nth(1)?;
        Some(behind.split_whitespace().next()?.to_owned())
    }
}

/// The mails in a directory, oldest first.
#[must_use]
pub fn sent_mails(directory: &Path) -> Vec<SentMail> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "eml"));
    let mut mails: Vec<SentMail> = files.map(|file| read(&std::fs::read(file).unwrap())).collect();
    mails.sort_by_key(|mail| mail.sent_at);
    mails
}

fn read(bytes: &[u8]) -> SentMail {
    let message = MessageParser::default().parse(bytes).unwrap();
    SentMail {
        sent_at: message.date().unwrap().to_timestamp(),
        to: message.to().unwrap().first().unwrap().address().unwrap().to_owned(),
        subject: message.subject().unwrap().to_owned(),
        text: message.body_text(0).unwrap().into_owned(),
    }
}

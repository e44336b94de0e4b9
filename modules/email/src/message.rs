//! A mail as bytes: the finished message, built once and sent the same at every try.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::address::AddressError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::domain::{MailId, one_line};
use crate::statement::Content;

/// The last second that a Date header can be written for.
const LATEST_DATE: i64 = 253_402_300_799;

/// Why a message cannot be built; no further try would help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("the address on record is not one that mail can be sent to: {0}")]
    Address(#[from] AddressError),
    #[error("the mail cannot be written: {0}")]
    Template(#[from] askama::Error),
    #[error("the mail cannot be packed: {0}")]
    Message(#[from] lettre::error::Error),
}

/// What goes onto the envelope and into the headers.
pub(crate) struct Head<'a> {
    pub mail_id: MailId,
    pub message_id: &'a str,
    pub from: &'a Mailbox,
    pub name: &'a str,
    pub address: &'a str,
    pub date: DateTime<Utc>,
}

/// Packs the content as text and HTML, alternatives of one another.
pub(crate) fn build(head: &Head<'_>, content: Content) -> Result<Vec<u8>, BuildError> {
    let address: Address = head.address.parse()?;
    // Encoded text never holds `=_`, so this boundary cannot occur in a part.
    let boundary = format!("=_{}", head.mail_id);
    let body = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::plain(content.text))
        .singlepart(SinglePart::html(content.html));
    let seconds = u64::try_from(head.date.timestamp().clamp(0, LATEST_DATE)).unwrap_or_default();
    let message = Message::builder()
        .message_id(Some(head.message_id.to_owned()))
        .date(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
        .from(head.from.clone())
        .to(Mailbox::new(Some(one_line(head.name)), address))
        .subject(one_line(&content.subject))
        // RFC 3834: no answering machine is to answer.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(body)?;
    Ok(message.formatted())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;
    use crate::domain::Language;
    use crate::statement;
    use crate::statement::tests::{AWKWARD_TITLE, statement};

    fn built(name: &str, address: &str, language: Language) -> Result<Vec<u8>, BuildError> {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let content = statement::write(&statement(), day, name, language, "https://work.example.org").unwrap();
        let from = "Piecework <piecework@example.org>".parse().unwrap();
        let head = Head {
            mail_id: uuid::Uuid::from_u128(1).into(),
            message_id: "<event.person@piecework.local>",
            from: &from,
            name,
            address,
            date: "2026-11-22T00:00:07.5Z".parse().unwrap(),
        };
        build(&head, content)
    }

    #[test]
    fn another_program_reads_the_words_as_they_were_written() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        for language in [Language::English, Language::Russian] {
            let written =
                statement::write(&statement(), day, "Zoë, \"the\" Ω", language, "https://work.example.org").unwrap();
            let bytes = built("Zoë, \"the\" Ω", "zoe@example.org", language).unwrap();
            assert!(bytes.is_ascii(), "no server needs to know 8BITMIME");
            assert!(bytes.split(|&byte| byte == b'\n').all(|line| line.len() <= 999), "RFC 5322 line length");
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert_eq!(message.subject(), Some(written.subject.as_str()));
            assert_eq!(message.message_id(), Some("event.person@piecework.local"));
            assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-22T00:00:07Z");
            let to = message.to().unwrap().first().unwrap();
            assert_eq!((to.name(), to.address()), (Some("Zoë, \"the\" Ω"), Some("zoe@example.org")));
            let text = message.text_part(0).unwrap();
            assert_eq!(text.content_type().unwrap().subtype(), Some("plain"));
            assert_eq!(text.text_contents().unwrap().replace("\r\n", "\n"), written.text);
            assert!(text.text_contents().unwrap().contains(AWKWARD_TITLE));
            let html = message.html_part(0).unwrap();
            assert_eq!(html.content_type().unwrap().subtype(), Some("html"));
            assert_eq!(html.text_contents().unwrap().replace("\r\n", "\n"), written.html);
        }
    }

    #[test]
    fn the_same_mail_is_the_same_bytes() {
        let build = || built("Ann", "ann@example.org", Language::English).unwrap();
        assert_eq!(build(), build());
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        let bytes = built("Ann\r\nBcc: all@example.org\r\n\r\nHello", "ann@example.org", Language::English).unwrap();
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert!(message.bcc().is_none());
        assert_eq!(message.to().unwrap().as_list().unwrap().len(), 1);
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_its_reason() {
        for address in ["", "ann", "ann@", "ann@example.org\r\nBcc: x@example.org", "ann@example.org>, <x@example.org"]
        {
            assert!(matches!(built("Ann", address, Language::English), Err(BuildError::Address(_))), "{address}");
        }
    }

    #[test]
    fn a_date_beyond_what_mail_can_say_is_no_panic() {
        let from: Mailbox = "piecework@example.org".parse().unwrap();
        for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let content = Content { subject: String::new(), text: String::new(), html: String::new() };
            let head = Head {
                mail_id: uuid::Uuid::from_u128(1).into(),
                message_id: "<a@b>",
                from: &from,
                name: "",
                address: "ann@example.org",
                date,
            };
            assert!(build(&head, content).is_ok());
        }
    }
}

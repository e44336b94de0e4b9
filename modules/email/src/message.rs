//! Builds the bytes of a message (RFC 5322).

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::address::AddressError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::domain::{MailId, one_line};
use crate::statement::Content;

/// The latest time of a Date header: the end of the year 9999, in seconds since 1970.
const LATEST_DATE_S: i64 = 253_402_300_799;

/// Why a message cannot be built. Another attempt would fail in the same way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// The stored address is not an address.
    #[error("the recipient's address is invalid: {0}")]
    Address(#[from] AddressError),
    /// The stored content does not have the shape of its kind.
    #[error("the content of the mail cannot be read: {0}")]
    Content(#[from] serde_json::Error),
    /// A template failed.
    #[error("the mail cannot be rendered: {0}")]
    Template(#[from] askama::Error),
    /// The parts do not make a message.
    #[error("the message cannot be built: {0}")]
    Message(#[from] lettre::error::Error),
}

/// The values of the headers.
pub(crate) struct Headers<'a> {
    /// The mail, which makes the boundary of the parts unique.
    pub mail_id: MailId,
    /// The Message-ID.
    pub message_id: &'a str,
    /// The sender.
    pub from: &'a Mailbox,
    /// The recipient's name.
    pub name: &'a str,
    /// The recipient's address.
    pub address: &'a str,
    /// The time of the first attempt.
    pub date: DateTime<Utc>,
}

/// Builds a message with the content as text and as HTML.
pub(crate) fn build(headers: &Headers<'_>, content: Content) -> Result<Vec<u8>, BuildError> {
    let address: Address = headers.address.parse()?;
    // Encoded text never contains `=_`, so this boundary cannot occur in a part.
    let boundary = format!("=_{}", headers.mail_id);
    let body = MultiPart::alternative()
        .boundary(boundary)
        .singlepart(SinglePart::plain(content.text))
        .singlepart(SinglePart::html(content.html));
    let seconds = u64::try_from(headers.date.timestamp().clamp(0, LATEST_DATE_S)).unwrap_or_default();
    let message = Message::builder()
        .message_id(Some(headers.message_id.to_owned()))
        .date(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
        .from(headers.from.clone())
        .to(Mailbox::new(Some(one_line(headers.name)), address))
        .subject(one_line(&content.subject))
        // RFC 3834: this header stops automatic replies.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(body)?;
    Ok(message.formatted())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use kernel::text::MailAddress;
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;
    use crate::domain::Language;
    use crate::statement;
    use crate::statement::tests::{AWKWARD_TITLE, statement};

    fn built(name: &str, address: &str, language: Language) -> Result<Vec<u8>, BuildError> {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let content = statement::render(&statement(), day, name, language, "https://work.example.org").unwrap();
        let from = "Piecework <piecework@example.org>".parse().unwrap();
        let headers = Headers {
            mail_id: uuid::Uuid::from_u128(1).into(),
            message_id: "<event.person@piecework.local>",
            from: &from,
            name,
            address,
            date: "2026-11-22T00:00:07.5Z".parse().unwrap(),
        };
        build(&headers, content)
    }

    #[test]
    fn a_mail_parser_reads_the_rendered_content_back() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        for language in [Language::English, Language::Russian] {
            let rendered =
                statement::render(&statement(), day, "Zoë, \"the\" Ω", language, "https://work.example.org").unwrap();
            let bytes = built("Zoë, \"the\" Ω", "zoe@example.org", language).unwrap();
            assert!(bytes.is_ascii(), "the server need not support 8BITMIME");
            assert!(
                bytes.split(|&byte| byte == b'\n').all(|line| line.len() <= 999),
                "a line is longer than RFC 5322 allows"
            );
            let message = MessageParser::default().parse(&bytes).unwrap();
            assert_eq!(message.subject(), Some(rendered.subject.as_str()));
            assert_eq!(message.message_id(), Some("event.person@piecework.local"));
            assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-22T00:00:07Z");
            let to = message.to().unwrap().first().unwrap();
            assert_eq!((to.name(), to.address()), (Some("Zoë, \"the\" Ω"), Some("zoe@example.org")));
            let text = message.text_part(0).unwrap();
            assert_eq!(text.content_type().unwrap().subtype(), Some("plain"));
            assert_eq!(text.text_contents().unwrap().replace("\r\n", "\n"), rendered.text);
            assert!(text.text_contents().unwrap().contains(AWKWARD_TITLE));
            let html = message.html_part(0).unwrap();
            assert_eq!(html.content_type().unwrap().subtype(), Some("html"));
            assert_eq!(html.text_contents().unwrap().replace("\r\n", "\n"), rendered.html);
        }
    }

    #[test]
    fn the_same_mail_gives_the_same_bytes() {
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
    fn an_address_that_people_may_have_can_be_sent_to() {
        for text in [
            "o'brien+post@example.org",
            "!#$%&*/=?^_`{|}~-@example.org",
            "admin@localhost",
            "Ann@b\u{fc}cher.example",
            "a@\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}",
            "a@ab--cd.1.example",
            &format!("{}@{}.example", "a".repeat(64), "b".repeat(63)),
        ] {
            let address = MailAddress::parse(text).unwrap().text;
            let bytes = built("Ann", &address, Language::English).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(bytes.is_ascii(), "{text} needs a server with SMTPUTF8");
        }
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for address in ["", "ann", "ann@", "ann@example.org\r\nBcc: x@example.org", "ann@example.org>, <x@example.org"]
        {
            assert!(matches!(built("Ann", address, Language::English), Err(BuildError::Address(_))), "{address}");
        }
    }

    #[test]
    fn a_date_outside_of_the_years_of_mail_is_clamped() {
        let from: Mailbox = "piecework@example.org".parse().unwrap();
        for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let content = Content { subject: String::new(), text: String::new(), html: String::new() };
            let headers = Headers {
                mail_id: uuid::Uuid::from_u128(1).into(),
                message_id: "<a@b>",
                from: &from,
                name: "",
                address: "ann@example.org",
                date,
            };
            assert!(build(&headers, content).is_ok());
        }
    }
}

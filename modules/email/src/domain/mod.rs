//! The types of mails and the pure rules: states, languages, amounts, names, and retry pauses.

mod language;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::accounting::Payout;
use contracts::{Currency, EventId, Id, PersonId};
use kernel::runtime::retry::Backoff;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(crate) use language::AmountFormat;
pub use language::Language;

/// The id of a mail.
pub type MailId = Id<Mail>;

/// The kind of the mail with the statement of a payout (DOMAIN A7).
pub(crate) const PAYOUT_STATEMENT: &str = "payout_statement";

/// The kind of the notice that a person's address was changed. Both addresses get one.
pub(crate) const ADDRESS_CHANGED: &str = "address_changed";

/// The kind of the mail that invites a person to set a password.
pub(crate) const INVITATION: &str = "invitation";

/// The kind of the mail with a link to set a forgotten password.
pub(crate) const PASSWORD_RESET: &str = "password_reset";

/// The kinds of mails that hold a one-time link. Their content is deleted when they were sent.
pub(crate) const LINK_KINDS: [&str; 2] = [INVITATION, PASSWORD_RESET];

/// Number of attempts with an unknown outcome after which a mail is parked. Each of them may have
/// delivered the mail, so they are fewer than other attempts.
pub(crate) const UNKNOWN_OUTCOMES_MAX: i32 = 3;

/// Maximum length of a stored error text, in characters.
const ERROR_CHARS_MAX: usize = 1_000;

/// The mails that a list contains. A field that is `None` excludes no mail.
#[derive(Debug, Clone, Default)]
pub struct MailFilter {
    /// Only mails in this state.
    pub status: Option<MailState>,
    /// Only mails of this kind.
    pub kind: Option<&'static str>,
    /// Only mails to this person.
    pub person_id: Option<PersonId>,
}

/// The state of a mail's delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// The mail waits for its next attempt.
    Queued,
    /// The mail server has accepted the mail, or the mail's file is on the disk.
    Sent,
    /// The last attempt has failed; the mail waits for an admin.
    Parked,
}

impl MailState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Parked => "parked",
        }
    }

    /// The reverse of `as_str`. The database allows no other text.
    pub(crate) fn from_stored(text: &str) -> Self {
        match text {
            "sent" => Self::Sent,
            "parked" => Self::Parked,
            _ => Self::Queued,
        }
    }
}

/// A mail as admins see it, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The mail's id.
    pub id: MailId,
    /// What the mail is about.
    pub kind: String,
    /// The recipient.
    pub person_id: PersonId,
    /// The recipient's name; `None` if no event about them has arrived.
    pub person_name: Option<String>,
    /// The day that the mail is about.
    pub business_day: NaiveDate,
    /// The recipient's address; `None` until the message is built at the first attempt.
    pub to_address: Option<String>,
    /// The state of the delivery.
    pub state: MailState,
    /// Number of attempts since the mail was last queued.
    pub attempts: i32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the next attempt of a queued mail is due.
    pub next_attempt_at: DateTime<Utc>,
    /// The Message-ID; it is the same in every attempt and resend.
    pub message_id: String,
    /// When the mail was first queued.
    pub created_at: DateTime<Utc>,
    /// When the mail was last sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When the content and the message were deleted because they were kept long enough.
    pub text_deleted_at: Option<DateTime<Utc>>,
}

/// A mail that an event asks for.
pub(crate) struct NewMail {
    /// The mail's id.
    pub id: MailId,
    /// `PAYOUT_STATEMENT`, `ADDRESS_CHANGED` or one of `LINK_KINDS`.
    pub kind: &'static str,
    /// The recipient.
    pub person_id: PersonId,
    /// The day that the mail is about.
    pub business_day: NaiveDate,
    /// The event that asks for the mail.
    pub event_id: EventId,
    /// The trace context of the request that caused the event.
    pub traceparent: Option<String>,
    /// The Message-ID.
    pub message_id: String,
    /// The address to send to; `None` for the person's address at the first attempt.
    pub recipient_address: Option<String>,
    /// The content as JSON: a `PayoutStatement`, an `AddressNotice` or a `PasswordLink`, depending
    /// on the kind.
    pub data: String,
}

/// A mail that is leased for one attempt: no other process attempts it until the lease ends.
pub(crate) struct LeasedMail {
    /// The mail's id.
    pub id: MailId,
    /// The recipient.
    pub person_id: PersonId,
    /// The day that the mail is about.
    pub business_day: NaiveDate,
    /// The Message-ID.
    pub message_id: String,
    /// The trace context of the request that caused the mail.
    pub traceparent: Option<String>,
    /// Number of attempts since the mail was last queued, this one included.
    pub attempts: i32,
    /// Number of earlier attempts since then whose outcome is unknown.
    pub unknown_outcomes: i32,
    /// What the mail is about.
    pub kind: String,
    /// The content as JSON, depending on the kind.
    pub data: Box<RawValue>,
    /// The message, if an earlier attempt has built it.
    pub message: Option<BuiltMessage>,
    /// The person as last published by identity, with the mail's own address if it has one. `None`
    /// if no event about them has arrived.
    pub recipient: Option<Recipient>,
}

/// The person whom a mail is sent to.
pub(crate) struct Recipient {
    /// The person's name.
    pub name: String,
    /// The person's email address.
    pub address: String,
    /// The person's choice; `None` means the default of the installation.
    pub language: Option<Language>,
}

/// A finished message. Every attempt sends the same bytes.
pub(crate) struct BuiltMessage {
    /// The mail of the message.
    pub mail_id: MailId,
    /// The address that the message is sent to.
    pub to_address: String,
    /// The headers and the body.
    pub bytes: Vec<u8>,
}

/// What is stored of a failed attempt.
pub(crate) struct FailedAttempt {
    /// The mail of the attempt.
    pub mail_id: MailId,
    /// Number of attempts so far, this one included.
    pub attempts: i32,
    /// Number of attempts so far whose outcome is unknown, this one included.
    pub unknown_outcomes: i32,
    /// Why the attempt failed.
    pub error: String,
    /// When the next attempt is due.
    pub next_attempt_at: DateTime<Utc>,
    /// `Parked` after the last attempt, otherwise `Queued`.
    pub state: MailState,
    /// The failure is not about this mail.
    pub is_fault_of_installation: bool,
}

/// The content of a payout's mail, as stored with the mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PayoutStatement {
    /// The currency of all amounts.
    pub currency: Currency,
    /// Number of decimals of the currency.
    pub currency_exponent: u8,
    /// The payout with its lines.
    pub payout: Payout,
}

/// The Message-ID. It depends only on the event and the person, so that a receiver recognises a
/// repeated mail (DOMAIN E2).
pub(crate) fn message_id(event_id: EventId, person_id: PersonId, domain: &str) -> String {
    format!("<{event_id}.{person_id}@{domain}>")
}

/// The Message-ID of one of the two notices about a change of the person's address.
pub(crate) fn message_id_of_side(event_id: EventId, person_id: PersonId, side: &str, domain: &str) -> String {
    format!("<{event_id}.{person_id}.{side}@{domain}>")
}

/// The name of a mail's file. It depends only on the mail, so that a repeat overwrites the file.
pub(crate) fn file_name(business_day: NaiveDate, person_id: PersonId, mail_id: MailId) -> String {
    format!("{business_day}-{person_id}-{mail_id}.eml")
}

/// When to attempt a mail again after `attempts` failures. The pause doubles with each failure, up
/// to `longest_pause_ms`.
pub(crate) fn next_attempt_at(
    first_pause_ms: u64,
    longest_pause_ms: u64,
    attempts: i32,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let (first_pause, longest_pause) = (Duration::from_millis(first_pause_ms), Duration::from_millis(longest_pause_ms));
    let backoff = Backoff::new(first_pause, longest_pause);
    let pause = backoff.pause_after(u32::try_from(attempts).unwrap_or_default());
    let pause = chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX);
    now.checked_add_signed(pause).unwrap_or(now)
}

/// Makes a text of a server safe to store: one line of bounded length.
pub(crate) fn error_text(text: &str) -> String {
    one_line(text).chars().take(ERROR_CHARS_MAX).collect()
}

/// Replaces control characters by spaces, so that a text cannot end a header or forge a log line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_longest_and_never_overflows() {
        let next = |attempts, now| next_attempt_at(1_000, 600_000, attempts, now);
        let pause_ms = |attempts| (next(attempts, DateTime::UNIX_EPOCH) - DateTime::UNIX_EPOCH).num_milliseconds();
        assert_eq!([pause_ms(1), pause_ms(2), pause_ms(3)], [1_000, 2_000, 4_000]);
        assert_eq!([pause_ms(11), pause_ms(12), pause_ms(i32::MAX)], [600_000; 3]);
        assert_eq!(next(1, DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn an_error_text_is_one_line_of_bounded_length() {
        assert_eq!(error_text("550 no\r\nsuch\0user"), "550 no  such user");
        assert_eq!(error_text(&"ж".repeat(5_000)).chars().count(), 1_000);
    }
}

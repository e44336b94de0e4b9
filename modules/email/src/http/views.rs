//! The shapes of the module's answers.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{ADDRESS_CHANGED, INVITATION, Mail, MailId, MailState, PASSWORD_RESET, PAYOUT_STATEMENT};

/// The status of a mail's delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MailStatus)]
pub enum MailStatusView {
    /// The mail waits for its next attempt.
    Queued,
    /// The mail server has accepted the mail, or the mail's file is on the disk.
    Sent,
    /// The last attempt has failed; the mail waits for an admin.
    Parked,
}

impl From<MailState> for MailStatusView {
    fn from(state: MailState) -> Self {
        match state {
            MailState::Queued => Self::Queued,
            MailState::Sent => Self::Sent,
            MailState::Parked => Self::Parked,
        }
    }
}

impl From<MailStatusView> for MailState {
    fn from(view: MailStatusView) -> Self {
        match view {
            MailStatusView::Queued => Self::Queued,
            MailStatusView::Sent => Self::Sent,
            MailStatusView::Parked => Self::Parked,
        }
    }
}

/// What a mail is about.
// A mail has the kind as text; only filters and the API document have this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MailKind)]
pub enum MailKindView {
    /// The statement of a payout.
    PayoutStatement,
    /// The notice that a person's address was changed.
    AddressChanged,
    /// An invitation with a one-time link to set a password.
    Invitation,
    /// A one-time link to set a forgotten password.
    PasswordReset,
}

impl MailKindView {
    /// The kind as the mail has it.
    pub(super) const fn as_stored(self) -> &'static str {
        match self {
            Self::PayoutStatement => PAYOUT_STATEMENT,
            Self::AddressChanged => ADDRESS_CHANGED,
            Self::Invitation => INVITATION,
            Self::PasswordReset => PASSWORD_RESET,
        }
    }
}

/// The recipient of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MailPerson)]
pub struct MailPersonView {
    /// The person's id.
    pub id: PersonId,
    /// The person's name; null if email does not know the person yet.
    #[schema(required)]
    pub name: Option<String>,
}

/// A mail without its content, which is between the company and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MailView {
    /// The mail's id.
    pub id: MailId,
    /// What the mail is about.
    #[schema(value_type = MailKindView)]
    pub kind: String,
    /// The recipient.
    pub person: MailPersonView,
    /// The day that the mail is about.
    pub date: NaiveDate,
    /// The recipient's address; null until the message is built at the first attempt.
    #[schema(required)]
    pub to: Option<String>,
    /// Whether the mail is queued, sent or parked.
    pub status: MailStatusView,
    /// Number of attempts since the mail was last queued.
    #[schema(minimum = 0)]
    pub attempts: i32,
    /// Why the last attempt failed, in the words of the mail server or of this module.
    #[schema(required)]
    pub last_error: Option<String>,
    /// When the next attempt is due; null unless the mail is queued.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The Message-ID; it is the same in every attempt and resend.
    pub message_id: String,
    /// When the mail was first queued.
    pub created_at: DateTime<Utc>,
    /// When the mail was last sent.
    #[schema(required)]
    pub sent_at: Option<DateTime<Utc>>,
    /// When the text of the mail was deleted because it was kept long enough; null if it was not.
    /// Such a mail cannot be sent again.
    #[schema(required)]
    pub text_deleted_at: Option<DateTime<Utc>>,
}

/// How many mails a resend has queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueuedMailsView {
    /// Number of mails that were parked and are queued now.
    #[schema(minimum = 0)]
    pub queued: u64,
}

impl From<Mail> for MailView {
    fn from(mail: Mail) -> Self {
        Self {
            id: mail.id,
            kind: mail.kind,
            person: MailPersonView { id: mail.person_id, name: mail.person_name },
            date: mail.business_day,
            to: mail.to_address,
            status: mail.state.into(),
            attempts: mail.attempts,
            last_error: mail.last_error,
            next_attempt_at: (mail.state == MailState::Queued).then_some(mail.next_attempt_at),
            message_id: mail.message_id,
            created_at: mail.created_at,
            sent_at: mail.sent_at,
            text_deleted_at: mail.text_deleted_at,
        }
    }
}

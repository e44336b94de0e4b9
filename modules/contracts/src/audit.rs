//! The audit trail: which actions it records, and who performs them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::PersonId;

/// Who performed an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person who is logged in.
    Person {
        /// The person.
        person_id: PersonId,
    },
    /// A command on the command line.
    CommandLine {
        /// The name of the user of the operating system.
        user: String,
    },
    /// A client that is not logged in.
    Anonymous,
    /// The program itself: a job, or its start.
    System,
}

/// What the audit trail records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AuditAction {
    LoggedIn,
    LoginFailed,
    SessionEnded,
    RefreshTokenReused,
    /// A request without the permission: 403.
    Refused,
    /// A request beyond a limit: 429.
    Throttled,
    PersonCreated,
    RoleChanged,
    PersonActivated,
    PersonDeactivated,
    AddressChanged,
    LinkCreated,
    /// With a one-time link.
    PasswordSet,
    /// By the person, who knew the old one.
    PasswordChanged,
    ApiTokenCreated,
    ApiTokenRevoked,
    SigningKeyCreated,
    PeopleImported,
    TasksImported,
    ReassignRequested,
    TransferCorrected,
    DayClosed,
    ParkedEventRetried,
    ParkedEventDiscarded,
    MailResent,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 25] = [
        Self::LoggedIn,
        Self::LoginFailed,
        Self::SessionEnded,
        Self::RefreshTokenReused,
        Self::Refused,
        Self::Throttled,
        Self::PersonCreated,
        Self::RoleChanged,
        Self::PersonActivated,
        Self::PersonDeactivated,
        Self::AddressChanged,
        Self::LinkCreated,
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::ApiTokenCreated,
        Self::ApiTokenRevoked,
        Self::SigningKeyCreated,
        Self::PeopleImported,
        Self::TasksImported,
        Self::ReassignRequested,
        Self::TransferCorrected,
        Self::DayClosed,
        Self::ParkedEventRetried,
        Self::ParkedEventDiscarded,
        Self::MailResent,
    ];

    /// The name in events, in the database and in the API. It never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoginFailed => "login_failed",
            Self::SessionEnded => "session_ended",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::PersonCreated => "person_created",
            Self::RoleChanged => "role_changed",
            Self::PersonActivated => "person_activated",
            Self::PersonDeactivated => "person_deactivated",
            Self::AddressChanged => "address_changed",
            Self::LinkCreated => "link_created",
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::ApiTokenCreated => "api_token_created",
            Self::ApiTokenRevoked => "api_token_revoked",
            Self::SigningKeyCreated => "signing_key_created",
            Self::PeopleImported => "people_imported",
            Self::TasksImported => "tasks_imported",
            Self::ReassignRequested => "reassign_requested",
            Self::TransferCorrected => "transfer_corrected",
            Self::DayClosed => "day_closed",
            Self::ParkedEventRetried => "parked_event_retried",
            Self::ParkedEventDiscarded => "parked_event_discarded",
            Self::MailResent => "mail_resent",
        }
    }
}
